import { InvalidStateError } from '../../../errors.js';
import type { LOCK } from '../../methods.js';
import type { Call, Hold, Owner } from '../call.js';
import { LinkedList } from '../linked-list.js';
import type { State } from './state.js';

/** Who has the lock, and how often if it is reentrant. */
interface LockHold extends Hold {
  readonly id: number;
  readonly owner: Owner;
  count: number;
}

/** Held by one at a time. A reentrant one belongs to a process, which may acquire it again. */
export class LockState implements State<typeof LOCK> {
  readonly #reentrant: boolean;
  readonly #waiters = new LinkedList<{ call: Call }>();
  #hold: LockHold | undefined;
  #lastId = 0;

  constructor(reentrant: boolean) {
    this.#reentrant = reentrant;
  }

  /** @returns the id of the hold. */
  acquire(call: Call, [timeout]: readonly unknown[]): unknown {
    return this.tryAcquire(call) || call.wait(this.#waiters, { call }, 'acquire()', timeout);
  }

  /** @returns the id of the hold, 0 for none. */
  tryAcquire({ owner }: Call): number {
    if (this.#hold === undefined) return this.#grant(owner);
    if (!this.#reentrant || this.#hold.owner !== owner) return 0;
    this.#hold.count++;
    return this.#hold.id;
  }

  /** Whoever calls: as in Python, a lock that is not reentrant may be released by another process. */
  release({ owner }: Call): void {
    if (this.#hold === undefined) throw new InvalidStateError('release() of a lock that nobody holds');
    if (this.#reentrant && this.#hold.owner !== owner) {
      throw new InvalidStateError('release() of a reentrant lock that another process holds');
    }
    this.#release(this.#hold);
  }

  releaseHold(_call: Call, [id]: readonly unknown[]): void {
    if (this.#hold?.id !== id) throw new InvalidStateError('the lock was released before by release()');
    this.#release(this.#hold as LockHold);
  }

  locked(): boolean {
    return this.#hold !== undefined;
  }

  #grant(owner: Owner): number {
    const giveBack = () => this.#free(hold);
    const hold: LockHold = { id: ++this.#lastId, owner, count: 1, giveBack, serve: this.#serve };
    this.#hold = hold;
    owner.holds.add(hold);
    return hold.id;
  }

  #release(hold: LockHold): void {
    if (--hold.count > 0) return;
    this.#free(hold);
    this.#serve();
  }

  #free(hold: LockHold): void {
    hold.owner.holds.delete(hold);
    this.#hold = undefined;
  }

  readonly #serve = (): void => {
    const next = this.#waiters.first?.call;
    if (next === undefined) return;
    next.answer(this.#grant(next.owner));
    if (!this.#reentrant) return;
    // All others of the same process may enter too, wherever they stand: it may be the one that has to release.
    for (const { call } of this.#waiters) if (call.owner === next.owner) call.answer(this.tryAcquire(call));
  };
}
