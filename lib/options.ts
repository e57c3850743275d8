import { MAX_DELAY } from './keep-alive.js';
import type { ReadSpawnOptions, SpawnOptions } from './spawn.js';

/** Says what an option takes, or nothing if the value is right. */
export type Validator = (value: unknown) => string | undefined;

/** What options there are, by name. */
export type OptionTable = Readonly<Record<string, Validator>>;

/** The spellings of the original, and the names they have here. */
const PYTHON_SPELLINGS: Readonly<Record<string, string>> = {
  maxtasksperchild: 'maxTasksPerChild',
  childconcurrency: 'childConcurrency',
  queuecount: 'queueCount',
  exception_handler: 'exceptionHandler',
  loop_initializer: 'loopInitializer',
};

/**
 * Checks options where they are given, and leaves out those that are `undefined`.
 *
 * @throws TypeError that names the option and what it takes.
 */
export function readOptions<Options extends object>(what: string, options: unknown, table: OptionTable): Options {
  if (options === null || typeof options !== 'object') {
    throw new TypeError(`${what}: expected an object with options, got ${String(options)}`);
  }
  const read: Record<string, unknown> = {};
  for (const [given, value] of Object.entries(options)) {
    const name = PYTHON_SPELLINGS[given] ?? given;
    const validate = Object.hasOwn(table, name) ? table[name] : undefined;
    if (validate === undefined) throw new TypeError(`${what}: there is no option "${given}"`);
    if (value === undefined) continue;
    const expected = validate(value);
    if (expected !== undefined) {
      throw new TypeError(`${what}: option "${given}" takes ${expected}, got ${describe(value)}`);
    }
    read[name] = value;
  }
  return read as Options;
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' ? typeof value : String(value);
}

/** An integer of at least `minimum`, and at most `maximum`. */
export function integer(minimum: number, maximum = Number.MAX_SAFE_INTEGER): Validator {
  const range = maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  return (value) =>
    Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum
      ? undefined
      : `an integer ${range}`;
}

/** Milliseconds, as many as a timer takes. */
export const time: Validator = (value) =>
  typeof value === 'number' && value >= 0 && value <= MAX_DELAY ? undefined : `milliseconds from 0 to ${MAX_DELAY}`;

export const finite: Validator = (value) => (Number.isFinite(value) ? undefined : 'a finite number');

export const boolean: Validator = (value) => (typeof value === 'boolean' ? undefined : 'true or false');

export const string: Validator = (value) => (typeof value === 'string' ? undefined : 'a string');

export const callback: Validator = (value) => (typeof value === 'function' ? undefined : 'a function');

export const list: Validator = (value) => (Array.isArray(value) ? undefined : 'an array');

const strings: Validator = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? undefined : 'an array of strings';

const environment: Validator = (value) =>
  value !== null &&
  typeof value === 'object' &&
  Object.values(value).every((item) => item === undefined || typeof item === 'string')
    ? undefined
    : 'an object of strings';

export const path: Validator = (value) =>
  typeof value === 'string' || value instanceof URL ? undefined : 'a path or file: URL';

const output: Validator = (value) =>
  value === 'inherit' || value === 'stderr' || value === 'ignore' ? undefined : '"inherit", "stderr" or "ignore"';

/** How children are started; the same for a process and a pool. */
export const spawnOptions: OptionTable = {
  env: environment,
  cwd: path,
  execPath: string,
  execArgv: strings,
  stdio: output,
  name: string,
  initializer: callback,
  initargs: list,
  loopInitializer: callback,
  startTimeout: time,
};

export function pickSpawnOptions(options: SpawnOptions & { name?: string }): ReadSpawnOptions {
  const { env, cwd, execPath, execArgv, stdio, name } = options;
  return {
    ...(env && { env }),
    ...(cwd !== undefined && { cwd }),
    ...(execPath !== undefined && { execPath }),
    ...(execArgv && { execArgv }),
    ...(stdio && { stdio }),
    ...(name !== undefined && { title: name }),
  };
}
