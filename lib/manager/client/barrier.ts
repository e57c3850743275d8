import { BARRIER } from '../protocol/methods.js';
import { type ObjectAddress, readWaitOptions, SharedObject, type WaitOptions } from './shared-object.js';

/**
 * Holds tasks at `wait()` until a fixed number of them have arrived. Reusable.
 *
 * @since 0.2.0
 */
export class SharedBarrier extends SharedObject {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'barrier');
  }

  /**
   * Waits for the others. A wait that times out or is aborted breaks the barrier for all. If the process of a waiting task
   * ends, another task can arrive in its stead.
   *
   * @returns the order of arrival, from 0: a different number for each.
   * @throws (rejects) {@link BrokenBarrierError}, {@link TimeoutError}, the signal's reason.
   */
  async wait(options?: WaitOptions): Promise<number> {
    const { timeout, signal } = readWaitOptions('wait', options);
    return this.call(BARRIER.wait, [timeout], { signal }) as Promise<number>;
  }

  /** Rejects waiting calls with {@link BrokenBarrierError}. The barrier can be used again. */
  async reset(): Promise<void> {
    await this.call(BARRIER.reset, []);
  }

  /** Breaks the barrier: waiting calls, and later ones until {@link reset}, reject with {@link BrokenBarrierError}. */
  async abort(): Promise<void> {
    await this.call(BARRIER.abort, []);
  }

  /** The number of waiting calls. */
  waiting(): Promise<number> {
    return this.call(BARRIER.waiting, []) as Promise<number>;
  }

  /** Whether the barrier is broken. */
  broken(): Promise<boolean> {
    return this.call(BARRIER.broken, []) as Promise<boolean>;
  }
}
