import { AsyncResource } from 'node:async_hooks';
import { availableParallelism } from 'node:os';
import type { ProgressOptions } from '../observe/progress/options.js';
import {
  boolean,
  callback,
  finite,
  integer,
  list,
  type OptionTable,
  path,
  pickSpawnOptions,
  readOptions,
  spawnOptions,
  string,
  time,
} from '../options.js';
import type { ReadSpawnOptions, SpawnOptions } from '../spawn.js';
import { type InitializerOptions, START_TIMEOUT } from '../start-options.js';
import { RoundRobin, Scheduler } from './scheduler.js';
import type { ApplyOptions, MapOptions, StreamOptions } from './types.js';

/** The options of a pool; also under the original's spellings (`maxtasksperchild`, …). */
export interface PoolOptions extends SpawnOptions, InitializerOptions, PythonSpellings {
  /** How many processes run tasks. Default: `os.availableParallelism()`. */
  processes?: number;
  /**
   * Sees the original error of each task that throws: in the child if it is an export, where it can report with all
   * that the child knows; in this process if it is a closure that no module exports.
   */
  exceptionHandler?: (error: unknown) => unknown;
  /**
   * The counterpart of `initializer`: runs once in each process that was ready, before it ends because the pool is closed or
   * terminated, another process takes over from it, or it has had nothing to do; the signals of tasks that still run have
   * aborted then. May be async. Must be an export of a module. A process that is busy when the pool is terminated, and one
   * that crashes, ends without it. What it throws is the event `finalizerError`, and rejects nothing.
   */
  finalizer?: (...args: never[]) => unknown;
  /** The arguments of `finalizer`. */
  finalargs?: readonly unknown[];
  /**
   * How long `finalizer` may take, in milliseconds, from 1 to 3600000. On `terminate()` and at the end of a program that
   * has not closed the pool it has five seconds at most. Default 5000.
   */
  finalizerTimeout?: number;
  /** After so many tasks a process is replaced by a new one. Default 0: never. */
  maxTasksPerChild?: number;
  /**
   * With more resident memory than so many bytes, measured while it answers tasks, a process is replaced by a new one.
   * Default 0: any amount.
   */
  maxMemoryPerChild?: number;
  /** After so many milliseconds a process is replaced by a new one. Default 0: never. */
  maxAge?: number;
  /** How many processes there are however little there is to do. Default: `processes`. With more to do, more start. */
  minProcesses?: number;
  /** A process beyond `minProcesses` ends when it has had nothing to do for so many milliseconds. Default 10000. */
  idleTimeout?: number;
  /** How many tasks run at a time in each process. Default 16. */
  childConcurrency?: number;
  /** How many queues the processes share. Default 1, at most `processes`. */
  queueCount?: number;
  /** Chooses a queue for each task. Default: {@link RoundRobin}. */
  scheduler?: Scheduler;
  /** How long a task may run, in milliseconds, where a call does not say. Default 0: as long as it takes. */
  taskTimeout?: number;
  /** How often a task that failed is run again, where a call does not say. Default 0. */
  retries?: number;
  /** How long a task may go on that nobody waits for, in milliseconds, before its process is ended. Default 5000. */
  cancelGracePeriod?: number;
  /**
   * Whether the programs that tasks have started, and theirs, are ended too: when their process is ended because a task
   * was given up, when it crashes, and on `terminate()`. Only on Linux. Default `true`.
   */
  killTree?: boolean;
  /** How many tasks may wait for a free slot. Default: any number. */
  maxQueueSize?: number;
  /** What becomes of an `apply` for which there is no room: it rejects with `QueueFullError` (default), or waits. */
  onFull?: 'reject' | 'wait';
  /** Takes what a caller's asynchronous context holds into the processes. */
  contextPropagation?: ContextPropagation;
  /**
   * Measures tasks and processes from the start, for `insights()` and for what `stats()` then says of times. Default
   * `false`.
   */
  measure?: boolean;
  /**
   * A file that what happens in the pool is written to, in the trace-event format of Chrome: Perfetto
   * (https://ui.perfetto.dev) shows it. Default: none.
   */
  trace?: string | URL;
  /** What the pool is called in errors. Default `Pool-1`, `Pool-2`, … */
  name?: string;
}

/**
 * How what an `AsyncLocalStorage` holds for a caller comes to its tasks.
 *
 * @example
 * ```ts
 * export const traceId = new AsyncLocalStorage<string>();
 * export const runWithTraceId = (id: string, task: () => unknown) => traceId.run(id, task);
 *
 * const contextPropagation = { capture: () => traceId.getStore(), run: runWithTraceId };
 * ```
 */
export interface ContextPropagation {
  /** Called with each call, in its context. What it gives travels like an argument; with `undefined` nothing does. */
  capture: () => unknown;
  /** Runs a task with that in the process, and gives what the task gives. Must be an export of a module, as tasks are. */
  run: (captured: never, task: () => unknown) => unknown;
}

interface PythonSpellings {
  maxtasksperchild?: number;
  childconcurrency?: number;
  queuecount?: number;
  exception_handler?: (error: unknown) => unknown;
  loop_initializer?: () => unknown;
}

const OPTIONS: OptionTable = {
  ...spawnOptions,
  processes: integer(1),
  exceptionHandler: callback,
  initargs: list,
  finalizer: callback,
  finalargs: list,
  finalizerTimeout: integer(1, 3_600_000),
  maxTasksPerChild: integer(0),
  maxMemoryPerChild: integer(0),
  maxAge: time,
  minProcesses: integer(0),
  idleTimeout: time,
  childConcurrency: integer(1),
  queueCount: integer(1),
  taskTimeout: time,
  retries: integer(0),
  cancelGracePeriod: time,
  killTree: boolean,
  maxQueueSize: integer(1),
  onFull: (value) => (value === 'reject' || value === 'wait' ? undefined : '"reject" or "wait"'),
  measure: boolean,
  trace: path,
  contextPropagation: (value) =>
    isObject(value) && typeof value.capture === 'function' && typeof value.run === 'function'
      ? undefined
      : 'an object with the functions "capture" and "run"',
  scheduler: (value) => (value instanceof Scheduler ? undefined : 'a Scheduler'),
};

/** Options with their defaults. */
export interface ReadPoolOptions extends InitializerOptions {
  spawn: ReadSpawnOptions;
  processes: number;
  exceptionHandler?: (error: unknown) => unknown;
  finalizer?: (...args: never[]) => unknown;
  finalargs?: readonly unknown[];
  finalizerTimeout: number;
  maxTasksPerChild: number;
  maxMemoryPerChild: number;
  maxAge: number;
  minProcesses: number;
  idleTimeout: number;
  childConcurrency: number;
  queueCount: number;
  scheduler: Scheduler;
  taskTimeout: number;
  startTimeout: number;
  retries: number;
  cancelGracePeriod: number;
  killTree: boolean;
  maxQueueSize: number;
  onFull: 'reject' | 'wait';
  contextPropagation?: ContextPropagation;
  measure: boolean;
  trace?: string | URL;
  name: string;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

let created = 0;

/**
 * @throws TypeError or RangeError naming the option and what it takes.
 */
export function readPoolOptions(options: PoolOptions): ReadPoolOptions {
  const given = readOptions<Omit<PoolOptions, keyof PythonSpellings>>('Pool', options, OPTIONS);
  const read = {
    processes: availableParallelism(),
    maxTasksPerChild: 0,
    maxMemoryPerChild: 0,
    maxAge: 0,
    idleTimeout: 10_000,
    childConcurrency: 16,
    queueCount: 1,
    taskTimeout: 0,
    startTimeout: START_TIMEOUT,
    finalizerTimeout: 5000,
    retries: 0,
    cancelGracePeriod: 5000,
    killTree: true,
    maxQueueSize: Number.POSITIVE_INFINITY,
    onFull: 'reject' as const,
    measure: false,
    name: `Pool-${++created}`,
    ...given,
  };
  if (read.queueCount > read.processes) throw new RangeError('queue count must be <= process count');
  const { minProcesses = read.processes, scheduler = new RoundRobin() } = read;
  if (minProcesses > read.processes) throw new RangeError('Pool: option "minProcesses" must be <= "processes"');
  // Each queue needs a process that stays.
  if (minProcesses < read.queueCount && read.queueCount > 1) {
    throw new RangeError('Pool: option "minProcesses" must be >= "queueCount"');
  }
  return { ...read, minProcesses, scheduler, spawn: pickSpawnOptions(given) };
}

const STREAM_OPTIONS: OptionTable = {
  signal: (value) => (value instanceof AbortSignal ? undefined : 'an AbortSignal'),
  timeout: time,
  priority: finite,
};

const APPLY_OPTIONS: OptionTable = {
  onProgress: callback,
  retries: integer(0),
  ...STREAM_OPTIONS,
};

const MAP_OPTIONS: OptionTable = {
  ...APPLY_OPTIONS,
  progress: (value) => (typeof value === 'boolean' || isObject(value) ? undefined : 'true, false or an object'),
};

const PROGRESS_OPTIONS: OptionTable = {
  label: string,
  total: integer(0),
  format: string,
};

/** @throws TypeError naming the option and what it takes. */
export function readProgressOptions(method: string, options: boolean | ProgressOptions): ProgressOptions | undefined {
  if (options === false) return undefined;
  return options === true ? {} : readOptions(`${method}: option "progress"`, options, PROGRESS_OPTIONS);
}

/**
 * @param method - which of the methods was called.
 * @throws TypeError naming the option and what it takes.
 */
export function readCallOptions<Options extends ApplyOptions | MapOptions>(method: string, options: Options): Options {
  const read = readOptions<Options>(method, options, method === 'apply' ? APPLY_OPTIONS : MAP_OPTIONS);
  return read.onProgress === undefined ? read : { ...read, onProgress: keepContext(read.onProgress) };
}

type ProgressListener = (progress: unknown, index: number) => void;

/**
 * It is called when the child reports, and sees the asynchronous context of the call. `AsyncResource.bind()` would do the
 * same, and takes 25 µs in Node.js 20, where a call takes 2.
 */
function keepContext(listener: ProgressListener): ProgressListener {
  const scope = new AsyncResource('aiomultiprocess.onProgress');
  return (progress, index) => scope.runInAsyncScope(listener, undefined, progress, index);
}

/** @throws TypeError naming the option and what it takes. */
export function readStreamOptions(options: StreamOptions): StreamOptions {
  return readOptions('stream', options, STREAM_OPTIONS);
}
