import type { Address } from '../../functions/address/address.js';
import type { Caller } from '../tracing/caller.js';

/** A function whose parameters no longer matter: its arguments were checked with the call. */
export type AnyFunction<R = unknown> = (...args: never[]) => R | PromiseLike<R>;

/** What one call may ask for its tasks; otherwise the options of the pool count. */
export interface Limits {
  /** How long a task may run, in milliseconds; 0: no limit. */
  readonly timeout: number;
  /** How often a failed task is retried. */
  readonly retries: number;
  /** Tasks of a higher one are sent first. */
  readonly priority: number;
  /** Whether large values in its arguments and results arrive as views of shared memory. */
  readonly asViews: boolean;
}

/** What the tasks of one call have in common. */
export interface Job extends Limits {
  readonly fn: AnyFunction;
  /** Where a child finds the function. */
  readonly address: Address;
  /** Who made the call; `undefined` unless the pool is traced. */
  readonly caller: Caller | undefined;
}
