import { InvalidStateError } from '../../../errors.js';
import type { SEMAPHORE } from '../../methods.js';
import type { Call, Hold, Owner } from '../call.js';
import { LinkedList } from '../linked-list.js';
import type { State } from './state.js';

/** How many permits a process has. */
interface PermitHold extends Hold {
  readonly owner: Owner;
  count: number;
}

/** As many permits as it was made with, and one more for each release. */
export class SemaphoreState implements State<typeof SEMAPHORE> {
  readonly #max: number;
  readonly #waiters = new LinkedList<{ call: Call }>();
  readonly #holds = new Map<Owner, PermitHold>();
  #free: number;

  constructor(permits: number, bounded: boolean) {
    this.#free = permits;
    this.#max = bounded ? permits : Number.POSITIVE_INFINITY;
  }

  acquire(call: Call, [timeout]: readonly unknown[]): unknown {
    return this.tryAcquire(call) || call.wait(this.#waiters, { call }, 'acquire()', timeout);
  }

  tryAcquire({ owner }: Call): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    this.#note(owner);
    return true;
  }

  /** Gives back a permit of the caller's process; if it has none, one of another process; else it adds one. */
  release({ owner }: Call): void {
    const [other] = this.#holds.values();
    const hold = this.#holds.get(owner) ?? other;
    if (hold !== undefined) this.#reduce(hold, 1);
    else if (this.#free >= this.#max) {
      throw new InvalidStateError('release() of a bounded semaphore more often than it was acquired');
    }
    this.#free++;
    this.#serve();
  }

  value(): number {
    return this.#free;
  }

  #note(owner: Owner): void {
    const known = this.#holds.get(owner);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const hold: PermitHold = { owner, count: 1, giveBack: () => this.#giveBack(hold), serve: this.#serve };
    this.#holds.set(owner, hold);
    owner.holds.add(hold);
  }

  #reduce(hold: PermitHold, by: number): void {
    hold.count -= by;
    if (hold.count > 0) return;
    this.#holds.delete(hold.owner);
    hold.owner.holds.delete(hold);
  }

  #giveBack(hold: PermitHold): void {
    this.#free += hold.count;
    this.#reduce(hold, hold.count);
  }

  readonly #serve = (): void => {
    while (this.#free > 0 && this.#waiters.first !== undefined) {
      const { call } = this.#waiters.first;
      call.answer(this.tryAcquire(call));
    }
  };
}
