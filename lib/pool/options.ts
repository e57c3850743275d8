import { availableParallelism } from 'node:os';
import {
  callback,
  finite,
  integer,
  list,
  type OptionTable,
  pickSpawnOptions,
  readOptions,
  spawnOptions,
  time,
} from '../options.js';
import type { SpawnOptions } from '../spawn.js';
import type { InitializerOptions } from '../start-options.js';
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
  /** How many tasks may wait for a free slot. Default: any number. */
  maxQueueSize?: number;
  /** What becomes of an `apply` for which there is no room: it rejects with `QueueFullError` (default), or waits. */
  onFull?: 'reject' | 'wait';
  /** What the pool is called in errors. Default `Pool-1`, `Pool-2`, … */
  name?: string;
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
  maxQueueSize: integer(1),
  onFull: (value) => (value === 'reject' || value === 'wait' ? undefined : '"reject" or "wait"'),
  scheduler: (value) => (value instanceof Scheduler ? undefined : 'a Scheduler'),
};

/** Options with their defaults. */
export interface ReadPoolOptions extends InitializerOptions {
  spawn: SpawnOptions;
  processes: number;
  exceptionHandler?: (error: unknown) => unknown;
  maxTasksPerChild: number;
  maxMemoryPerChild: number;
  maxAge: number;
  minProcesses: number;
  idleTimeout: number;
  childConcurrency: number;
  queueCount: number;
  scheduler: Scheduler;
  taskTimeout: number;
  retries: number;
  cancelGracePeriod: number;
  maxQueueSize: number;
  onFull: 'reject' | 'wait';
  name: string;
}

let created = 0;

/**
 * @throws TypeError or RangeError naming the option and what it takes.
 */
export function readPoolOptions(options: PoolOptions): ReadPoolOptions {
  const read = {
    processes: availableParallelism(),
    maxTasksPerChild: 0,
    maxMemoryPerChild: 0,
    maxAge: 0,
    idleTimeout: 10_000,
    childConcurrency: 16,
    queueCount: 1,
    taskTimeout: 0,
    retries: 0,
    cancelGracePeriod: 5000,
    maxQueueSize: Number.POSITIVE_INFINITY,
    onFull: 'reject' as const,
    name: `Pool-${++created}`,
    ...readOptions<Omit<PoolOptions, keyof PythonSpellings>>('Pool', options, OPTIONS),
  };
  if (read.queueCount > read.processes) throw new RangeError('queue count must be <= process count');
  const { minProcesses = read.processes, scheduler = new RoundRobin() } = read;
  if (minProcesses > read.processes) throw new RangeError('Pool: option "minProcesses" must be <= "processes"');
  // Each queue needs a process that stays.
  if (minProcesses < read.queueCount && read.queueCount > 1) {
    throw new RangeError('Pool: option "minProcesses" must be >= "queueCount"');
  }
  return { ...read, minProcesses, scheduler, spawn: pickSpawnOptions(read) };
}

const STREAM_OPTIONS: OptionTable = {
  signal: (value) => (value instanceof AbortSignal ? undefined : 'an AbortSignal'),
  timeout: time,
  priority: finite,
};

const CALL_OPTIONS: OptionTable = {
  onProgress: callback,
  retries: integer(0),
  ...STREAM_OPTIONS,
};

/**
 * @param method - which of the methods was called.
 * @throws TypeError naming the option and what it takes.
 */
export function readCallOptions<Options extends ApplyOptions | MapOptions>(method: string, options: Options): Options {
  return readOptions<Options>(method, options, CALL_OPTIONS);
}

/** @throws TypeError naming the option and what it takes. */
export function readStreamOptions(options: StreamOptions): StreamOptions {
  return readOptions('stream', options, STREAM_OPTIONS);
}
