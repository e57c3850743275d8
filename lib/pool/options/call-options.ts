/** The options and arguments of the calls of a pool. */

import { AsyncResource } from 'node:async_hooks';
import { PROGRESS_OPTIONS, type ProgressOptions } from '../../observe/progress/options.js';
import { isObject } from '../../util/guards.js';
import {
  abortSignal,
  type Check,
  callback,
  checkOptions,
  type DocumentedTable,
  finite,
  integer,
  milliseconds,
} from '../../util/validation.js';

/** How a call may be limited. */
interface LimitOptions {
  /**
   * Cancels the call, or the rest of the map, when it aborts.
   *
   * The call rejects with the signal's reason at once. A running task sees `currentTask().signal` abort; if it has not
   * ended after `cancelGracePeriod`, its process is killed.
   */
  signal?: AbortSignal | undefined;
  /**
   * Time limit of a task in milliseconds; 0: no limit. Default: `taskTimeout` of the pool.
   *
   * After that the call rejects with `TaskTimeoutError`, and the task is cancelled.
   */
  timeout?: number;
  /**
   * Number of times a failed task is retried, with exponential backoff. Default: `retries` of the pool.
   *
   * A task fails when it throws, exceeds its time limit, or loses its process.
   */
  retries?: number;
  /**
   * Time in milliseconds that the call, or the whole map, may take including the time that its tasks wait; 0: no limit.
   * It then rejects with `TaskExpiredError`, and its tasks are cancelled. Default: 0; of a distributed pool its `expires`.
   */
  expires?: number;
  /** Tasks with a higher priority are sent first. Default: 0. */
  priority?: number;
  /**
   * `{ views: true }`: large values in arguments and results arrive as views of shared memory instead of copies. Default:
   * `sharedMemory.views` of the pool. A distributed pool has no shared memory.
   */
  sharedMemory?: {
    /** Whether large values arrive as views. Default: `sharedMemory.views` of the pool. */
    views?: boolean;
  };
}

/**
 * The options of one call.
 *
 * @since 0.2.0
 */
export interface ApplyOptions extends LimitOptions {
  /** Receives what the task passes to `currentTask().report()`. */
  onProgress?: (progress: unknown) => void;
}

/**
 * The options of one map.
 *
 * @typeParam T - an item; of `starmap` a list of arguments.
 * @since 0.2.0
 */
export interface MapOptions<T = unknown> extends LimitOptions {
  /** Receives what a task passes to `currentTask().report()`, and the index of its item. */
  onProgress?: (progress: unknown, index: number) => void;
  /**
   * Shows the progress of the map on stderr: a bar in a terminal, a line every few seconds elsewhere. Default: `false`.
   */
  progress?: boolean | ProgressOptions;
  /**
   * Returns how long an item takes, in any unit: the heaviest items run first, so that no long task is left for the end.
   * Results stay in the order of the input. It is called once for each item, before the first runs.
   *
   * The items must be an array, a `Set`, a `Map` or a typed array.
   *
   * @example
   * ```ts
   * await pool.map(compress, files, { weight: (file) => file.size });
   * ```
   *
   * @throws TypeError for other iterables, and for a weight that is not a finite number.
   */
  // A method, so that options without `T` are options for all items.
  weight?(item: T): number;
}

/**
 * The options of one stream.
 *
 * @since 0.2.0
 */
export type StreamOptions = Pick<ApplyOptions, 'signal' | 'timeout' | 'priority' | 'sharedMemory'>;

/**
 * The options of one broadcast of a distributed pool.
 *
 * @since 0.2.0
 */
export type BroadcastOptions = Pick<ApplyOptions, 'signal' | 'timeout' | 'expires'>;

/** The items of a map. @inline */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/** The type of one item. For a union of lists it is the union of their items. */
export type ItemOf<S> = S extends Items<infer T> ? T : never;

/** The arguments of a call may be left out if the function needs none. */
export type Arguments<A extends unknown[]> = [] extends A
  ? [args?: Readonly<A>, options?: ApplyOptions]
  : [args: Readonly<A>, options?: ApplyOptions];

export type StreamArguments<A extends unknown[]> = [] extends A
  ? [args?: Readonly<A>, options?: StreamOptions]
  : [args: Readonly<A>, options?: StreamOptions];

export type BroadcastArguments<A extends unknown[]> = [] extends A ? [args?: Readonly<A>] : [args: Readonly<A>];

export type DistributedBroadcastArguments<A extends unknown[]> = [] extends A
  ? [args?: Readonly<A>, options?: BroadcastOptions]
  : [args: Readonly<A>, options?: BroadcastOptions];

const progress: Check<boolean | ProgressOptions> = {
  type: 'boolean or object',
  expected: 'true, false or an object',
  accepts: (value): value is boolean | ProgressOptions =>
    typeof value === 'boolean' || (typeof value === 'object' && value !== null),
};

const views: Check<{ views?: boolean }> = {
  type: 'object',
  expected: 'an object with `views`, a boolean',
  accepts: (value): value is { views?: boolean } =>
    isObject(value) &&
    Object.entries(value).every(([name, setting]) => name === 'views' && typeof setting === 'boolean'),
};

/** Without defaults: what a call leaves out, its pool decides. */
const STREAM_OPTIONS = {
  signal: {
    check: abortSignal,
    description: '[Cancels](#cancellation-and-time-limits) the call, or the rest of the map, when it aborts.',
  },
  timeout: {
    check: milliseconds,
    defaultText: '`taskTimeout` of the pool',
    description: 'Time limit of a task; 0: no limit.',
  },
  priority: { check: finite, defaultText: '0', description: 'Tasks with a higher priority are sent first.' },
  sharedMemory: {
    check: views,
    defaultText: '`sharedMemory.views` of the pool',
    description:
      '`{ views: true }`: large values in arguments and results arrive as ' +
      '[views of shared memory](shared-memory.md#large-values) instead of copies.',
  },
} as const satisfies DocumentedTable<StreamOptions>;

const APPLY_OPTIONS = {
  ...STREAM_OPTIONS,
  expires: {
    check: milliseconds,
    defaultText: '0; of a distributed pool its `expires`',
    description:
      'Time that the call, or the whole map, may take including the time that its tasks wait; 0: no limit. It then ' +
      'rejects with `TaskExpiredError`, and its tasks are [cancelled](#cancellation-and-time-limits).',
  },
  retries: {
    check: integer(0),
    defaultText: '`retries` of the pool',
    description: 'Number of times a failed task is [retried](#retries), with exponential backoff.',
  },
  onProgress: {
    check: callback(),
    description: 'Receives what the task passes to [`currentTask().report()`](tasks.md#inside-a-task).',
  },
} as const satisfies DocumentedTable<ApplyOptions>;

export const MAP_OPTIONS = {
  ...APPLY_OPTIONS,
  onProgress: {
    check: callback(),
    description:
      'Receives what a task passes to [`currentTask().report()`](tasks.md#inside-a-task), and the index of its item.',
  },
  progress: {
    check: progress,
    defaultText: '`false`',
    description:
      'Shows [the progress](observability.md#progress) of the map on stderr: a bar in a terminal, a line every few ' +
      'seconds elsewhere.',
  },
  weight: {
    check: callback<(item: unknown) => number>(),
    description:
      'Returns how long an item takes, in any unit: the [heaviest items](#the-heaviest-first) run first, so that no long task ' +
      'is left for the end.',
  },
} as const satisfies DocumentedTable<MapOptions>;

const BROADCAST_OPTIONS = {
  signal: APPLY_OPTIONS.signal,
  timeout: APPLY_OPTIONS.timeout,
  expires: APPLY_OPTIONS.expires,
} as const satisfies DocumentedTable<BroadcastOptions>;

/**
 * @param method - the method that was called; error messages begin with it.
 * @throws TypeError that names the option and what it accepts.
 */
export function readCallOptions<Options extends ApplyOptions | MapOptions>(method: string, options: Options): Options {
  const read = (
    method === 'apply'
      ? checkOptions(method, options as ApplyOptions, APPLY_OPTIONS)
      : checkOptions<MapOptions>(method, options, MAP_OPTIONS)
  ) as Options;
  return read.onProgress === undefined ? read : { ...read, onProgress: keepContext(read.onProgress) };
}

/** @throws TypeError that names the option and what it accepts. */
export function readStreamOptions(options: StreamOptions): StreamOptions {
  return checkOptions('stream', options, STREAM_OPTIONS);
}

/** @throws TypeError that names the option and what it accepts. */
export function readBroadcastOptions(options: BroadcastOptions): BroadcastOptions {
  return checkOptions('broadcast', options, BROADCAST_OPTIONS);
}

/** @throws TypeError that names the option and what it accepts. */
export function readProgressOptions(method: string, options: boolean | ProgressOptions): ProgressOptions | undefined {
  if (options === false) return undefined;
  return options === true ? {} : checkOptions(`${method}: option "progress"`, options, PROGRESS_OPTIONS);
}

type ProgressListener = (progress: unknown, index: number) => void;

/**
 * The listener runs when the child process reports, in the asynchronous context of the call. `AsyncResource.bind()`
 * does the same, but takes 25 µs in Node.js 20, where a call takes 2.
 */
function keepContext(listener: ProgressListener): ProgressListener {
  const scope = new AsyncResource('aiomultiprocess.onProgress');
  return (progress, index) => scope.runInAsyncScope(listener, undefined, progress, index);
}
