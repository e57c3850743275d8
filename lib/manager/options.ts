import { boolean, integer, type OptionTable } from '../options.js';
import type { SpawnOptions } from '../spawn.js';

/** How the process that keeps the objects is started. */
export type ManagerOptions = SpawnOptions;

/** Of a queue. */
export interface QueueOptions {
  /** How many items it holds before `put()` waits. Default 0: any number. */
  maxSize?: number;
  /** Which item is taken first: the oldest (`'fifo'`, default), the newest, or that of the highest priority. */
  order?: 'fifo' | 'lifo' | 'priority';
  /** `true`: each item must be acknowledged, and is given to another process if its own ends before. Default `false`. */
  acknowledge?: boolean;
}

export const QUEUE_OPTIONS: OptionTable = {
  maxSize: integer(0),
  order: (value) =>
    ['fifo', 'lifo', 'priority'].includes(value as string) ? undefined : '"fifo", "lifo" or "priority"',
  acknowledge: boolean,
};

/** Of a lock. */
export interface LockOptions {
  /** `true`: the process that holds it may acquire it again. Default `false`. */
  reentrant?: boolean;
}

export const LOCK_OPTIONS: OptionTable = { reentrant: boolean };

/** Of a semaphore. */
export interface SemaphoreOptions {
  /** `true`: it never has more permits than it was made with. Default `false`. */
  bounded?: boolean;
}

export const SEMAPHORE_OPTIONS: OptionTable = { bounded: boolean };
