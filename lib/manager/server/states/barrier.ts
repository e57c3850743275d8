import { BrokenBarrierError } from '../../../errors.js';
import type { BARRIER } from '../../methods.js';
import type { Call } from '../call.js';
import { LinkedList } from '../linked-list.js';
import type { State } from './state.js';

/** Lets a number of callers go on when all of them are there. */
export class BarrierState implements State<typeof BARRIER> {
  readonly #parties: number;
  readonly #waiters = new LinkedList<{ call: Call }>();
  #broken: string | undefined;

  constructor(parties: number) {
    this.#parties = parties;
  }

  /** @returns how many came before. */
  wait(call: Call, [timeout]: readonly unknown[]): unknown {
    if (this.#broken !== undefined) throw new BrokenBarrierError(this.#broken);
    const index = this.#waiters.size;
    if (index + 1 < this.#parties) {
      // Should its process end, the task may run again in another one, which then takes its place.
      return call.wait(this.#waiters, { call }, 'wait()', timeout, (why) => {
        if (why !== 'gone') this.#break(why === 'timeout' ? 'one has waited too long' : 'one has given up');
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
    while (this.#waiters.first !== undefined) this.#waiters.first.call.fail(new BrokenBarrierError(why));
  }
}
