import { LOCK } from '../methods.js';
import { Guard, runGuarded } from './guard.js';
import { type ObjectAddress, readWaitOptions, SharedObject, type WaitOptions } from './shared-object.js';

/**
 * Held by one at a time, of all tasks of all processes. Released when its process ends.
 *
 * With `reentrant: true` it belongs to a process instead: the one that holds it may acquire it again, in any of its
 * tasks, and has to release it as often.
 *
 * @example
 * ```ts
 * await using guard = await lock.acquire();
 * ```
 */
export class SharedLock extends SharedObject {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'lock');
  }

  /**
   * Waits until it is this caller's turn, first come, first served.
   *
   * @returns what releases it, at the end of its scope with `await using`.
   * @throws (rejects) {@link TimeoutError}, the signal's reason.
   */
  async acquire(options?: WaitOptions): Promise<Guard> {
    const { timeout, signal } = readWaitOptions('acquire', options);
    const undo = (id: unknown) => this.tell(LOCK.releaseHold, [id]);
    return this.call(LOCK.acquire, [timeout], { signal, read: this.#toGuard, undo }) as Promise<Guard>;
  }

  /** @returns `undefined` if somebody else holds it. */
  async tryAcquire(): Promise<Guard | undefined> {
    const id = await this.call(LOCK.tryAcquire, []);
    return id === 0 ? undefined : this.#toGuard(id);
  }

  /** Runs `body` while the lock is held: `await using` for every version of Node.js. */
  using<T>(body: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    return runGuarded(this.acquire(options), body);
  }

  /**
   * Releases it, whoever has acquired it, as in Python; a reentrant one only in the process that has.
   *
   * @throws (rejects) {@link InvalidStateError} if nobody holds it.
   */
  async release(): Promise<void> {
    await this.call(LOCK.release, []);
  }

  /** Whether somebody holds it. */
  locked(): Promise<boolean> {
    return this.call(LOCK.locked, []) as Promise<boolean>;
  }

  readonly #toGuard = (id: unknown): Guard => {
    return new Guard(() => this.call(LOCK.releaseHold, [id]) as Promise<void>);
  };
}
