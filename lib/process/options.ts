/**
 * The options of a child process: those of `Process` and `Worker`, and those that `Pool` and `Manager` share with them.
 */
import type { TaskFunction } from '../functions/address/address.js';
import { isObject } from '../util/guards.js';
import {
  boolean,
  type Check,
  callback,
  type DocumentedTable,
  list,
  milliseconds,
  oneOf,
  path,
  string,
  type WithDefaults,
} from '../util/validation.js';

/**
 * How a child process is started.
 *
 * @since 0.2.0
 */
export interface SpawnOptions {
  /** Environment variables, in addition to those of this process. */
  env?: NodeJS.ProcessEnv;
  /** Working directory. Default: that of this process. */
  cwd?: string | URL;
  /**
   * The Node.js executable. Required in an executable that contains its program: a single executable application,
   * Electron or pkg. Default: `process.execPath`.
   */
  execPath?: string;
  /** Options of Node.js. Default: those of this process, except program texts (`-e`) and inspectors. */
  execArgv?: readonly string[];
  /**
   * Where the output goes: `'inherit'` to stdout and stderr of this process, `'stderr'` all of it to stderr of this
   * process, `'ignore'` nowhere. Default: `'inherit'`.
   */
  stdio?: 'inherit' | 'stderr' | 'ignore';
  /**
   * Whether compiled code of modules is kept in a cache folder of the user, from which later processes start faster.
   * Node.js 22.1 or later. Default: `true`.
   */
  compileCache?: boolean;
}

/** What runs in a child process before its first task. */
export interface InitializerOptions {
  /** Runs in each process before its first task or `target`; may be async. Must be an export of a module. */
  initializer?: (...args: never[]) => unknown;
  /** Arguments of `initializer`. */
  initargs?: readonly unknown[];
  /** Runs in each process before everything else, even before your other modules are imported. */
  loopInitializer?: TaskFunction<[], unknown>;
  /**
   * Time limit in milliseconds of the start of a process; 0: no limit. The start ends when the first task or `target`
   * can run. In a pool, the limit applies to the first import of a task's module too. Default: 60000.
   *
   * A process that takes longer to start is killed and fails with `InitializerError`, without another attempt. If an
   * import takes longer, the task rejects with `TaskTimeoutError`. Time in which this program itself stands still does
   * not count.
   */
  startTimeout?: number;
}

/**
 * The arguments of a target may be left out if it needs none.
 *
 * @since 0.2.0
 */
export type TargetArguments<A extends unknown[]> = [] extends A
  ? {
      /** Arguments of `target`. Default: `[]`. */
      args?: Readonly<NoInfer<A>>;
    }
  : {
      /** Arguments of `target`. */
      args: Readonly<NoInfer<A>>;
    };

/**
 * What a `Process` or `Worker` runs, and how.
 *
 * @since 0.2.0
 */
export type ProcessOptions<A extends unknown[] = unknown[], R = unknown> = TargetOptions<A, R> & TargetArguments<A>;

/**
 * What a `Process` or `Worker` runs, and how, without the arguments.
 *
 * @since 0.2.0
 */
export interface TargetOptions<A extends unknown[], R> extends SpawnOptions, InitializerOptions {
  /** The function to run. The child process must find it, as an export for instance. */
  target: TaskFunction<A, R>;
  /** Name in errors; if set, also the `process.title` of the process. Default: `Process-1`, `Process-2`, … */
  name?: string;
  /**
   * `true`: the program does not wait for the process, and ends the process when the program itself ends. Default:
   * `false`.
   */
  daemon?: boolean;
}

const environment: Check<NodeJS.ProcessEnv> = {
  type: 'object',
  expected: 'an object of strings',
  accepts: (value): value is NodeJS.ProcessEnv =>
    isObject(value) && Object.values(value).every((item) => item === undefined || typeof item === 'string'),
};

const strings: Check<string[]> = {
  type: 'array of strings',
  expected: 'an array of strings',
  accepts: (value): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string'),
};

export const SPAWN_OPTIONS = {
  env: { check: environment, description: 'Environment variables, in addition to those of this process.' },
  cwd: { check: path, defaultText: 'that of this process', description: 'Working directory.' },
  execPath: {
    check: string,
    defaultText: '`process.execPath`',
    description:
      'The Node.js executable. Required in [an executable that contains its program](tasks.md#executables): a single ' +
      'executable application, Electron or pkg.',
  },
  execArgv: {
    check: strings,
    defaultText: 'those of this process, except program texts (`-e`) and inspectors',
    description: 'Options of Node.js.',
  },
  stdio: {
    check: oneOf('inherit', 'stderr', 'ignore'),
    default: 'inherit',
    description:
      "Where the output goes: `'inherit'` to stdout and stderr of this process, `'stderr'` all of it to stderr of " +
      "this process, `'ignore'` nowhere.",
  },
  compileCache: {
    check: boolean,
    default: true,
    description:
      'Whether compiled code of modules is kept in [a cache folder](pool.md#the-compile-cache) of the user, from which ' +
      'later processes start faster. Node.js 22.1 or later.',
  },
} as const satisfies DocumentedTable<SpawnOptions>;

/** What `spawnChild()` takes. */
export type ReadSpawnOptions = WithDefaults<SpawnOptions, typeof SPAWN_OPTIONS> & {
  /** The `process.title` of the child process; that of this process by default. */
  title?: string;
};

/** @param title - the `process.title` of the child process; that of this process by default. */
export function pickSpawnOptions(options: ReadSpawnOptions, title: string | undefined): ReadSpawnOptions {
  const { stdio, compileCache, ...others } = options;
  const picked = Object.entries(others).filter(([name]) => Object.hasOwn(SPAWN_OPTIONS, name));
  return { stdio, compileCache, ...Object.fromEntries(picked), ...(title !== undefined && { title }) };
}

export const INITIALIZER_OPTIONS = {
  initializer: {
    check: callback(),
    description: 'Runs in each process before its first task or `target`; may be async. Must be an export of a module.',
  },
  initargs: { check: list, requires: 'initializer', description: 'Arguments of `initializer`.' },
  loopInitializer: {
    check: callback(),
    python: 'loop_initializer',
    description: 'Runs in each process before everything else, even before your other modules are imported.',
  },
  startTimeout: {
    check: milliseconds,
    default: 60_000,
    flag: '--start-timeout <time>',
    description:
      'Time limit of the [start](pool.md#start-timeouts) of a process; 0: no limit. The start ends when the first ' +
      "task or `target` can run. In a pool, the limit applies to the first import of a task's module too.",
  },
} as const satisfies DocumentedTable<InitializerOptions>;

export const PROCESS_OPTIONS = {
  target: {
    check: callback(),
    required: true,
    description: 'The function to run. The child process must [find it](tasks.md), as an export for instance.',
  },
  args: { check: list, default: [], defaultText: '`[]`', description: 'Arguments of `target`.' },
  name: {
    check: string,
    defaultText: '`Process-1`, `Process-2`, …',
    description: 'Name in errors; if set, also the `process.title` of the process.',
  },
  daemon: {
    check: boolean,
    default: false,
    description:
      '`true`: the program does not wait for the process, and ends the process when the program itself ends.',
  },
  ...INITIALIZER_OPTIONS,
  ...SPAWN_OPTIONS,
} as const satisfies DocumentedTable<ProcessOptions>;
