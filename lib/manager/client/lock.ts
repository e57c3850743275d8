import { LOCK } from '../protocol/methods.js';
import { Guard, runGuarded } from './guard.js';
import { type ObjectAddress, readWaitOptions, SharedObject, type WaitOptions } from './shared-object.js';

/**
 * A lock with one holder at a time, among all tasks of all processes. If the holder's process ends, the lock is released.
 *
 * With `reentrant: true` the holder is a process: any of its tasks may acquire the lock again, and each acquire needs a
 * release.
 *
 * @example
 * ```ts
 * await using guard = await lock.acquire();
 * ```
 * @since 0.2.0
 */
export class SharedLock extends SharedObject {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'lock');
  }

  /**
   * Waits for the lock, first come, first served.
   *
   * @returns a guard that releases the lock, with `await using` at the end of its scope.
   * @throws (rejects) {@link TimeoutError}, the signal's reason.
   */
  async acquire(options?: WaitOptions): Promise<Guard> {
    const { timeout, signal } = readWaitOptions('acquire', options);
    const undo = (id: unknown) => this.tell(LOCK.releaseHold, [id]);
    return this.call(LOCK.acquire, [timeout], { signal, read: this.#toGuard, undo }) as Promise<Guard>;
  }

  /** Acquires the lock if it is free. @returns `undefined` if it is held. */
  async tryAcquire(): Promise<Guard | undefined> {
    const id = await this.call(LOCK.tryAcquire, []);
    return id === 0 ? undefined : this.#toGuard(id);
  }

  /** Runs `body` while the lock is held: `await using` for every version of Node.js. */
  using<T>(body: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    return runGuarded(this.acquire(options), body);
  }

  /**
   * Releases the lock. As in Python, any process may do that; a reentrant lock is released by the process that holds it.
   *
   * @throws (rejects) {@link InvalidStateError} if the lock is not held, or another process holds the reentrant lock.
   */
  async release(): Promise<void> {
    await this.call(LOCK.release, []);
  }

  /** Whether the lock is held. */
  locked(): Promise<boolean> {
    return this.call(LOCK.locked, []) as Promise<boolean>;
  }

  readonly #toGuard = (id: unknown): Guard => {
    return new Guard(() => this.call(LOCK.releaseHold, [id]) as Promise<void>);
  };
}
