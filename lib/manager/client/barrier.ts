import { BARRIER } from '../methods.js';
import { type ObjectAddress, readWaitOptions, SharedObject, type WaitOptions } from './shared-object.js';

/** Lets a number of tasks go on when all of them have come. Then it can be used again. */
export class SharedBarrier extends SharedObject {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'barrier');
  }

  /**
   * Waits for the others. One that gives up breaks the barrier for all; one whose process ends leaves its place free.
   *
   * @returns how many came before: a number from 0, a different one for each.
   * @throws (rejects) {@link BrokenBarrierError}, {@link TimeoutError}, the signal's reason.
   */
  async wait(options?: WaitOptions): Promise<number> {
    const { timeout, signal } = readWaitOptions('wait', options);
    return this.call(BARRIER.wait, [timeout], { signal }) as Promise<number>;
  }

  /** Sends away those who wait, with {@link BrokenBarrierError}, and starts anew. */
  async reset(): Promise<void> {
    await this.call(BARRIER.reset, []);
  }

  /** Breaks it: who waits, and who comes until {@link reset}, gets a {@link BrokenBarrierError}. */
  async abort(): Promise<void> {
    await this.call(BARRIER.abort, []);
  }

  /** How many wait. */
  waiting(): Promise<number> {
    return this.call(BARRIER.waiting, []) as Promise<number>;
  }

  broken(): Promise<boolean> {
    return this.call(BARRIER.broken, []) as Promise<boolean>;
  }
}
