import { InvalidStateError } from '../../../errors.js';
import type { LOCK } from '../../protocol/methods.js';
import { type Client, type MethodCall, type ObjectMethods, WaitingCalls } from '../method-call.js';
import type { Hold } from '../release-on-disconnect.js';

/** The client that holds the lock, and how many times it acquired a reentrant one. */
interface LockHold extends Hold {
  readonly id: number;
  readonly client: Client;
  count: number;
}

/** A lock with one holder at a time. A process that holds a reentrant lock may acquire it again. */
export class LockState implements ObjectMethods<typeof LOCK> {
  readonly #reentrant: boolean;
  readonly #waiters = new WaitingCalls();
  #hold: LockHold | undefined;
  #lastId = 0;

  constructor(reentrant: boolean) {
    this.#reentrant = reentrant;
  }

  /** @returns the id of the hold. */
  acquire(call: MethodCall, [timeout]: readonly unknown[]): unknown {
    return this.tryAcquire(call) || call.wait(this.#waiters, { call }, 'acquire()', timeout);
  }

  /** @returns the id of the hold; 0 if another holds the lock. */
  tryAcquire({ client }: MethodCall): number {
    if (this.#hold === undefined) return this.#grant(client);
    if (!this.#reentrant || this.#hold.client !== client) return 0;
    this.#hold.count++;
    return this.#hold.id;
  }

  /** As in Python, any process may release a lock that is not reentrant. */
  release({ client }: MethodCall): void {
    if (this.#hold === undefined) throw new InvalidStateError('release(): the lock is not held');
    if (this.#reentrant && this.#hold.client !== client) {
      throw new InvalidStateError('release(): the reentrant lock is held by another process');
    }
    this.#release(this.#hold);
  }

  releaseHold(_call: MethodCall, [id]: readonly unknown[]): void {
    if (this.#hold?.id !== id) throw new InvalidStateError('the lock was already released by release()');
    this.#release(this.#hold as LockHold);
  }

  locked(): boolean {
    return this.#hold !== undefined;
  }

  #grant(client: Client): number {
    const giveBack = () => this.#free(hold);
    const hold: LockHold = { id: ++this.#lastId, client, count: 1, giveBack, serve: this.#serve };
    this.#hold = hold;
    client.holds.add(hold);
    return hold.id;
  }

  #release(hold: LockHold): void {
    if (--hold.count > 0) return;
    this.#free(hold);
    this.#serve();
  }

  #free(hold: LockHold): void {
    hold.client.holds.delete(hold);
    this.#hold = undefined;
  }

  readonly #serve = (): void => {
    const next = this.#waiters.first?.call;
    if (next === undefined) return;
    next.answer(this.#grant(next.client));
    if (!this.#reentrant) return;
    // Its other calls follow at once, wherever they wait: one of them may be the one that will release the lock.
    for (const { call } of this.#waiters) if (call.client === next.client) call.answer(this.tryAcquire(call));
  };
}
