import { BrokenBarrierError } from '../../../errors.js';
import type { BARRIER } from '../../protocol/methods.js';
import { type MethodCall, type ObjectMethods, WaitingCalls } from '../method-call.js';

/** Blocks calls of `wait()` until as many as `parties` have arrived. */
export class BarrierState implements ObjectMethods<typeof BARRIER> {
  readonly #parties: number;
  readonly #waiters = new WaitingCalls();
  #broken: string | undefined;

  constructor(parties: number) {
    this.#parties = parties;
  }

  /** @returns the number of calls that arrived earlier. */
  wait(call: MethodCall, [timeout]: readonly unknown[]): unknown {
    if (this.#broken !== undefined) throw new BrokenBarrierError(this.#broken);
    const index = this.#waiters.size;
    if (index + 1 < this.#parties) {
      // After the death of its process the task may be retried in another one, which then waits in its stead.
      return call.wait(this.#waiters, { call }, 'wait()', timeout, (why) => {
        if (why !== 'gone') this.#break(why === 'timeout' ? 'a wait() timed out' : 'a wait() was cancelled');
      });
    }
    for (let earlier = 0; earlier < index; earlier++) this.#waiters.first?.call.answer(earlier);
    return index;
  }

  reset(): void {
    this.#break('it was reset');
    this.#broken = undefined;
  }

  abort(): void {
    this.#break('it was aborted');
  }

  waiting(): number {
    return this.#waiters.size;
  }

  broken(): boolean {
    return this.#broken !== undefined;
  }

  #break(why: string): void {
    this.#broken = why;
    this.#waiters.failAll(() => new BrokenBarrierError(why));
  }
}
