import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { namedAsThisProcess } from './argv0.js';
import { type ChildMark, writeMark } from './child-mark.js';
import { writesAtExit } from './exit-wait.js';
import { requestHugePages } from './huge-pages.js';
import { ownFile } from './own-file.js';
import { type Command, tieToParent } from './parent-death.js';
import { startWhereParentDid } from './start-folder.js';
import { startSubprocess } from './start-subprocess.js';
import { skipTests, withoutTestRunner } from './test-runner.js';

/** How a child process is started. */
export interface SpawnOptions {
  /** Added to the environment of this process. */
  env?: NodeJS.ProcessEnv;
  /** The folder it runs in; default: this process's. */
  cwd?: string | URL;
  /**
   * The Node.js that runs it; default: this process's. An executable that contains its program (a single executable
   * application, Electron, pkg) needs one.
   */
  execPath?: string;
  /** The options of Node.js; default: this process's, without those that run a program text or an inspector. */
  execArgv?: readonly string[];
  /**
   * Where it prints: `'inherit'` (default) to this process's stdout and stderr, `'stderr'` all to this process's
   * stderr, which keeps stdout for what the program itself has to say, `'ignore'` nowhere.
   */
  stdio?: 'inherit' | 'stderr' | 'ignore';
}

/** With what else a process is started. */
export interface ReadSpawnOptions extends SpawnOptions {
  /** What `process.title` is in it; default: this process's. */
  title?: string;
}

/** How a child process ended. */
export interface Exit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Why it could not be started at all. */
  error?: Error;
}

/** A running child process and this side of its pipe. */
export interface Child {
  readonly pid: number | undefined;
  readonly pipe: Socket;
  readonly exited: Promise<Exit>;
  /** Whether it writes coverage or profiles when it exits. */
  readonly writesAtExit: boolean;
  /** What the child's own guard watches (`child/guard.ts`), where this process might lose the right to end it. */
  readonly guard: Socket | undefined;
  /** @returns `false` if this process may not do that. */
  kill(signal: NodeJS.Signals): boolean;
}

/** The programs of this package that run in processes of their own: bundles that `scripts/bundle.js` makes. */
const CHILD = fileURLToPath(ownFile('./child/main.cjs'));
const PROGRAMS = {
  /** Runs one function; signals end it as they end any program. */
  process: CHILD,
  /** Runs the tasks of a pool, and ignores the signals of process groups. */
  pool: CHILD,
  /** Ends by itself when its parent does, after it has removed its socket: it is not killed then. */
  manager: fileURLToPath(ownFile('./manager/server/main.cjs')),
};
const PIPE = 3;
const GUARD = 4;

/**
 * Starts a child process with a pipe on descriptor 3.
 *
 * It ends when this process does: by a signal that this process or, on Linux, the kernel sends; otherwise by the end of
 * the pipe, which it notices once it is in no busy loop.
 */
export function spawnChild(
  { env, cwd, execPath, execArgv, stdio = 'inherit', title }: ReadSpawnOptions,
  program: keyof typeof PROGRAMS,
): Child {
  if (!existsSync(PROGRAMS[program])) return createUnstarted(Promise.resolve(createBundledError(PROGRAMS[program])));
  if (execPath !== undefined && !existsSync(execPath)) {
    return createUnstarted(Promise.resolve(new Error(`execPath: there is no file ${execPath}`)));
  }
  const nodeOptions = execArgv ?? filterExecArgv(process.execArgv);
  // A number is a descriptor of this process.
  const output = stdio === 'stderr' ? 2 : stdio;
  const inherits = execArgv === undefined && (nodeOptions.length > 0 || inheritsNodeOptions(env));
  const place = inherits ? startWhereParentDid(cwd) : { cwd };
  const childEnv = { ...process.env, ...env };
  // Tasks and what is preloaded read their arguments where the program does.
  const rest = [...nodeOptions, ...skipTests(), PROGRAMS[program], ...process.argv.slice(2)];
  const plain: Command = [execPath ?? process.execPath, ...rest];
  const named: Command = [execPath ?? namedAsThisProcess(childEnv.PATH), ...rest];
  const tied = program === 'manager' ? undefined : tieToParent(named);
  const [file, ...args] = tied ?? plain;
  const start = () =>
    execa(file, args, {
      buffer: false,
      reject: false,
      cleanup: program !== 'manager',
      killSignal: program === 'pool' ? 'SIGKILL' : 'SIGTERM',
      // Its timer could be a mocked one.
      forceKillAfterDelay: false,
      windowsHide: true,
      stdio: ['ignore', output, output, 'pipe', ...(isRoot() ? ['pipe' as const] : [])],
      env: {
        ...withoutTestRunner,
        ...withoutInspector(),
        ...requestHugePages(childEnv),
        ...env,
        ...writeMark({ ...place.mark, ...toTitle(title) }),
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
    // A child that can't be started never exits. The message of execa says so if it is the folder that is missing.
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

/** A title that this process has not set is that of its `argv0`, which its children have. */
function toTitle(title = process.title): Pick<ChildMark, 'title'> {
  return title === process.argv0 ? {} : { title };
}

/** Only root can drop its rights, and then may not send signals to what it has started before. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** The id of one that has exited may be that of another process. */
function hasExited({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Not by the method of the process, which would report as an event that the program may not send signals to it. */
function kill(pid: number | undefined, signal: NodeJS.Signals): boolean {
  try {
    if (pid !== undefined) process.kill(pid, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EPERM';
  }
}

/** In the place of a child that could not be started, for want of descriptors for instance: it ends at once. */
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

/** A bundler takes this module out of its folder, and leaves there the files that children run. */
function createBundledError(file: string): Error {
  return new Error(
    `there is no ${file}, which every child process runs: a bundle must not contain the package aiomultiprocess, ` +
      'but import it (esbuild: --external:aiomultiprocess; other bundlers have an option "external" too)',
  );
}

/** The name of a signal. */
export function toSignal(number: number): NodeJS.Signals | null {
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  return names.find((name) => constants.signals[name] === number) ?? null;
}

/** The exit code as Python has it: negative for the signal that ended the process. */
export function toExitcode({ exitCode, signal }: Exit): number {
  return signal === null ? (exitCode ?? 1) : -constants.signals[signal];
}

/** Options that run a program text or a mode of Node.js, not the child; and those of an inspector. */
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
 * The options a child inherits.
 *
 * A program text (`node -e`) would run again in every child, which would start children of its own; a second
 * inspector would clash on the port of the first.
 */
function filterExecArgv(execArgv: readonly string[]): string[] {
  let isDropped = false;
  return execArgv.filter((argument) => {
    // What begins with no dash is the value of the option before it: Node.js takes no such value that begins with one.
    if (argument.startsWith('-')) isDropped = isDroppedOption(argument);
    return !isDropped;
  });
}

function isDroppedOption(option: string): boolean {
  // The value may be a text of many lines, so only what stands before it is looked at. Underscores are dashes to Node.js.
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
