/** What the calls of a pool take. */

import type { ProgressOptions } from '../observe/progress/options.js';

/** How a call may be limited. */
interface LimitOptions {
  /**
   * Gives up on the call: it rejects with the signal's reason at once. What runs sees `currentTask().signal` abort, and
   * is ended with its process if it has not ended after `cancelGracePeriod`.
   */
  signal?: AbortSignal;
  /**
   * How long a task may run, in milliseconds. Then the call rejects with `TaskTimeoutError`, and the task is treated as
   * one that was given up. Default: `taskTimeout` of the pool; 0: as long as it takes.
   */
  timeout?: number;
  /** How often a task is run again that failed or whose process died, after pauses that grow. Default: the pool's. */
  retries?: number;
  /** Tasks of a higher priority are sent first. Default 0. */
  priority?: number;
}

/** The options of one call. */
export interface ApplyOptions extends LimitOptions {
  /** Takes what the task gives to `currentTask().report()`. */
  onProgress?: (progress: unknown) => void;
}

/** The options of one map. */
export interface MapOptions extends LimitOptions {
  /** Takes what a task gives to `currentTask().report()`, and the index of its item. */
  onProgress?: (progress: unknown, index: number) => void;
  /**
   * Shows on stderr how far the map is: a bar in a terminal, a line every few seconds elsewhere. Default `false`.
   */
  progress?: boolean | ProgressOptions;
}

/** The options of one stream. */
export type StreamOptions = Pick<ApplyOptions, 'signal' | 'timeout' | 'priority'>;

/** The items of a map. */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/** What is in them. Of several kinds of lists each has its own items. */
export type ItemOf<S> = S extends Items<infer T> ? T : never;

/** The arguments of a call may be left out if there are none. */
export type Arguments<A extends unknown[]> = [] extends A
  ? [args?: Readonly<A>, options?: ApplyOptions]
  : [args: Readonly<A>, options?: ApplyOptions];

export type StreamArguments<A extends unknown[]> = [] extends A
  ? [args?: Readonly<A>, options?: StreamOptions]
  : [args: Readonly<A>, options?: StreamOptions];

export type BroadcastArguments<A extends unknown[]> = [] extends A ? [args?: Readonly<A>] : [args: Readonly<A>];
