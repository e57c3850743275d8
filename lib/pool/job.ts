import type { Address } from '../tasks/address.js';
import { addressLater } from '../tasks/address.js';
import type { Caller } from './caller.js';
import type { Watch } from './watch.js';

/** A function whose parameters do not matter any more: its arguments were checked with the call. */
export type AnyFunction<R = unknown> = (...args: never[]) => R | PromiseLike<R>;

/** What one call may ask for its tasks; otherwise the options of the pool count. */
export interface Limits {
  /** How long a task may run, in milliseconds; 0: as long as it takes. */
  readonly timeout: number;
  /** How often a task is run again after it failed. */
  readonly retries: number;
  /** Tasks of a higher one are sent first. */
  readonly priority: number;
}

/** What the tasks of one call have in common. */
export interface Job extends Limits {
  readonly fn: AnyFunction;
  /** Where a child finds the function. */
  readonly address: Address;
  /** Who has made the call; `undefined`: nobody wants to know. */
  readonly caller: Caller | undefined;
}

/** Makes the jobs of a pool. Calls of one function that ask for nothing special share one. */
export class Jobs {
  readonly #defaults: Limits;
  readonly #watch: Watch;
  readonly #known = new WeakMap<AnyFunction, Job>();

  constructor(defaults: Limits, watch: Watch) {
    this.#defaults = defaults;
    this.#watch = watch;
  }

  /**
   * @throws TypeError if `fn` is not a function.
   * @throws {@link TaskNotFoundError} if it is certain that no other process can find it.
   */
  get(fn: AnyFunction, asked?: Partial<Limits>): Job {
    const caller = this.#watch.wantsCallers ? this.#watch.describeCaller() : undefined;
    const isCommon = asked === undefined && caller === undefined;
    const known = isCommon ? this.#known.get(fn) : undefined;
    if (known !== undefined) return known;
    const { timeout, retries, priority } = this.#defaults;
    const job = {
      fn,
      address: addressLater(fn),
      timeout: asked?.timeout ?? timeout,
      retries: asked?.retries ?? retries,
      priority: asked?.priority ?? priority,
      caller,
    };
    if (isCommon) this.#known.set(fn, job);
    return job;
  }
}
