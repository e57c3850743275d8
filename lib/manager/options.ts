import type { SpawnOptions } from '../process/options.js';
import { boolean, integer, type OptionTable, oneOf } from '../util/validation.js';

/**
 * How the process that holds the objects is started.
 *
 * @since 0.2.0
 */
export interface ManagerOptions extends SpawnOptions {}

/**
 * The options of a queue.
 *
 * @since 0.2.0
 */
export interface QueueOptions {
  /** Number of items that it holds before `put()` waits; 0: no limit. Default: 0. */
  maxSize?: number;
  /**
   * Which item is taken first: the oldest, the newest (`'lifo'`), or that of the highest priority. Default: `'fifo'`.
   */
  order?: 'fifo' | 'lifo' | 'priority';
  /** `true`: each item must be acknowledged; if its process ends before, another one gets it. Default: `false`. */
  acknowledge?: boolean;
}

export const QUEUE_OPTIONS = {
  maxSize: { check: integer(0), default: 0 },
  order: { check: oneOf('fifo', 'lifo', 'priority'), default: 'fifo' },
  acknowledge: { check: boolean, default: false },
} as const satisfies OptionTable<QueueOptions>;

/**
 * The options of a lock.
 *
 * @since 0.2.0
 */
export interface LockOptions {
  /** `true`: the process that holds it may acquire it again. Default: `false`. */
  reentrant?: boolean;
}

export const LOCK_OPTIONS = {
  reentrant: { check: boolean, default: false },
} as const satisfies OptionTable<LockOptions>;

/**
 * The options of a semaphore.
 *
 * @since 0.2.0
 */
export interface SemaphoreOptions {
  /** `true`: it never has more permits than at first. Default: `false`. */
  bounded?: boolean;
}

export const SEMAPHORE_OPTIONS = {
  bounded: { check: boolean, default: false },
} as const satisfies OptionTable<SemaphoreOptions>;
