import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { ownFile } from '../util/own-file.js';
import { type ChildMark, writeMark } from './child-mark.js';
import { requestCompileCache } from './compile-cache.js';
import { writesAtExit } from './exit-wait.js';
import { requestMallocSettings } from './malloc-settings.js';
import type { ReadSpawnOptions } from './options.js';
import { type Command, namedAsThisProcess, tieToParent } from './parent-death.js';
import { startSubprocess } from './start-subprocess.js';
import { skipTests, withoutTestRunner } from './test-runner.js';
import { startWhereParentDid } from './working-folder.js';

/** How a child process ended. */
export interface Exit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Why the process could not be started. */
  error?: Error;
}

/** A running child process and this side of its pipe. */
export interface Child {
  readonly pid: number | undefined;
  readonly pipe: Socket;
  readonly exited: Promise<Exit>;
  /** Whether it writes coverage or profiles when it exits. */
  readonly writesAtExit: boolean;
  /**
   * The pipe that the child's own guard watches (`child/watchdog.ts`), if this process might lose the permission to end
   * it.
   */
  readonly guard: Socket | undefined;
  /** @returns `false` if this process lacks the permission. */
  kill(signal: NodeJS.Signals): boolean;
}

/** The programs that run in child processes: bundles that `scripts/bundle.js` makes. */
const CHILD = fileURLToPath(ownFile('./child/main.cjs'));
const PROGRAMS = {
  /** Runs one function; signals have their default effect. */
  process: CHILD,
  /** Runs the tasks of a pool, and ignores the signals of process groups. */
  pool: CHILD,
  /** Exits when its parent does, after it has removed its socket: it must not be killed then. */
  manager: fileURLToPath(ownFile('./manager/server/main.cjs')),
};
const PIPE = 3;
const GUARD = 4;

/**
 * Starts a child process with a pipe on descriptor 3.
 *
 * It ends with this process: by a signal that this process or, on Linux, the kernel sends; otherwise by the end of the
 * pipe, which it notices unless it is in a busy loop.
 */
export function spawnChild(
  { env, cwd, execPath, execArgv, stdio, compileCache, title }: ReadSpawnOptions,
  program: keyof typeof PROGRAMS,
): Child {
  if (!existsSync(PROGRAMS[program])) return createUnstarted(Promise.resolve(createBundledError(PROGRAMS[program])));
  if (execPath !== undefined && !existsSync(execPath)) {
    return createUnstarted(Promise.resolve(new Error(`execPath: the file ${execPath} does not exist`)));
  }
  const nodeOptions = execArgv ?? filterExecArgv(process.execArgv);
  // A number is a descriptor of this process.
  const output = stdio === 'stderr' ? 2 : stdio;
  const inherits = execArgv === undefined && (nodeOptions.length > 0 || inheritsNodeOptions(env));
  const place = inherits ? startWhereParentDid(cwd) : { cwd };
  const childEnv = { ...process.env, ...env };
  // Tasks and preloaded modules read their arguments where the program does.
  const rest = [...nodeOptions, ...skipTests(), PROGRAMS[program], ...process.argv.slice(2)];
  const plain: Command = [execPath ?? process.execPath, ...rest];
  const named: Command = [execPath ?? namedAsThisProcess(childEnv.PATH), ...rest];
  const tied = program === 'manager' ? undefined : tieToParent(named);
  const [file, ...args] = tied ?? plain;
  const cacheEnv = compileCache ? requestCompileCache(childEnv) : {};
  const usesCache = Object.keys(cacheEnv).length > 0;
  const start = () =>
    execa(file, args, {
      buffer: false,
      reject: false,
      cleanup: program !== 'manager' && tied === undefined && !isInJest(),
      killSignal: program === 'pool' ? 'SIGKILL' : 'SIGTERM',
      // Its timer could be a mocked one.
      forceKillAfterDelay: false,
      windowsHide: true,
      stdio: ['ignore', output, output, 'pipe', ...(isRoot() ? ['pipe' as const] : [])],
      env: {
        ...withoutTestRunner,
        ...withoutInspector(),
        ...requestMallocSettings(childEnv),
        ...cacheEnv,
        ...env,
        ...writeMark({ ...place.mark, ...toTitle(title), ...(usesCache && { compileCache: true }) }),
      },
      ...(tied === undefined && execPath === undefined && { argv0: process.argv0 }),
      ...(place.cwd !== undefined && { cwd: place.cwd }),
    });
  const started = startSubprocess(start);
  const { subprocess } = started;
  if (subprocess === undefined) return createUnstarted(started.failure);
  subprocess.unref();
  const pipe = subprocess.stdio[PIPE] as unknown as Socket;
  pipe.unref?.();
  const guard = subprocess.stdio[GUARD] as unknown as Socket | undefined;
  guard?.unref();
  const exited = new Promise<Exit>((resolve) => {
    subprocess.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    // A child that cannot be started never emits 'exit'. The message of execa explains a missing folder.
    void subprocess.then(({ exitCode = null, signal = null, cause, originalMessage }) => {
      const error = cause !== undefined && { error: new Error(originalMessage, { cause }) };
      resolve({ exitCode, signal: signal as Exit['signal'], ...error });
    });
  });
  return {
    pid: subprocess.pid,
    pipe,
    exited,
    writesAtExit: writesAtExit(nodeOptions, { ...process.env, ...env }),
    guard,
    kill: (signal) => hasExited(subprocess) || kill(subprocess.pid, signal),
  };
}

/** By default the title is `argv0`, which the children have anyway. */
function toTitle(title = process.title): Pick<ChildMark, 'title'> {
  return title === process.argv0 ? {} : { title };
}

/** Only root can change its user, and may then lack the permission to signal its earlier children. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * What execa does to end a child with this process breaks in Jest: after a test file Jest redefines the properties of all
 * objects that the file has left on `globalThis`, and execa's own setter among them calls itself without end from then on.
 */
function isInJest(): boolean {
  return process.env.JEST_WORKER_ID !== undefined;
}

/** The id of a process that has exited may belong to another one. */
function hasExited({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Does not use the method of the process, which would emit a missing permission as an event. */
function kill(pid: number | undefined, signal: NodeJS.Signals): boolean {
  try {
    if (pid !== undefined) process.kill(pid, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EPERM';
  }
}

/** Stands for a child that could not be started, because no descriptors were left for instance: it ends at once. */
function createUnstarted(failure: Promise<Error>): Child {
  return {
    pid: undefined,
    pipe: new Socket().destroy(),
    exited: failure.then((error) => ({ exitCode: null, signal: null, error })),
    writesAtExit: false,
    guard: undefined,
    kill: () => true,
  };
}

/** A bundler moves this module out of its folder, away from the files that children run. */
function createBundledError(file: string): Error {
  return new Error(
    `the file ${file}, which every child process runs, does not exist: a bundle must import the package aiomultiprocess, ` +
      'not contain it (esbuild: --external:aiomultiprocess; other bundlers have an option "external" too)',
  );
}

/** The name of a signal. */
export function toSignal(number: number): NodeJS.Signals | null {
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  return names.find((name) => constants.signals[name] === number) ?? null;
}

/** The exit code as in Python: the negative number of the signal that ended the process. */
export function toExitcode({ exitCode, signal }: Exit): number {
  return signal === null ? (exitCode ?? 1) : -constants.signals[signal];
}

/** Options that make Node.js run a program text or another mode instead of the child. */
const DROPPED = new Set([
  '-e',
  '--eval',
  '-p',
  '--print',
  '-pe',
  '-i',
  '--interactive',
  '-c',
  '--check',
  '--input-type',
]);
const DROPPED_FAMILIES = ['--inspect', '--test', '--watch'];

/**
 * The options that a child inherits.
 *
 * A program text (`node -e`) would run again in every child, which would start children itself; a second inspector
 * would conflict with the port of the first.
 */
function filterExecArgv(execArgv: readonly string[]): string[] {
  let isDropped = false;
  return execArgv.filter((argument) => {
    // An argument without a leading dash is the value of the option before it: Node.js accepts no such value with one.
    if (argument.startsWith('-')) isDropped = isDroppedOption(argument);
    return !isDropped;
  });
}

function isDroppedOption(option: string): boolean {
  // The value may have many lines, so only the name is examined. Node.js treats underscores as dashes.
  const name = (option.split('=', 1)[0] ?? '').replaceAll('_', '-');
  return DROPPED.has(name) || DROPPED_FAMILIES.some((family) => name.startsWith(family));
}

function inheritsNodeOptions(env: NodeJS.ProcessEnv = {}): boolean {
  return Boolean(process.env.NODE_OPTIONS) && env.NODE_OPTIONS === undefined;
}

function withoutInspector(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS } = process.env;
  if (NODE_OPTIONS === undefined || !NODE_OPTIONS.includes('--inspect')) return {};
  return { NODE_OPTIONS: NODE_OPTIONS.replaceAll(/--inspect\S*/g, '').trim() };
}
