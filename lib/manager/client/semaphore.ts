import { SEMAPHORE } from '../protocol/methods.js';
import { Guard, runGuarded } from './guard.js';
import { type ObjectAddress, readWaitOptions, SharedObject, type WaitOptions } from './shared-object.js';

/**
 * A number of permits. The permits of a process are released when it ends.
 *
 * @since 0.2.0
 */
export class SharedSemaphore extends SharedObject {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'semaphore');
  }

  /**
   * Waits for a permit, first come, first served.
   *
   * @returns a guard that releases the permit, with `await using` at the end of its scope.
   * @throws (rejects) {@link TimeoutError}, the signal's reason.
   */
  async acquire(options?: WaitOptions): Promise<Guard> {
    const { timeout, signal } = readWaitOptions('acquire', options);
    const undo = () => this.tell(SEMAPHORE.release, []);
    return this.call(SEMAPHORE.acquire, [timeout], { signal, read: this.#toGuard, undo }) as Promise<Guard>;
  }

  /** Acquires a permit if one is free. @returns `undefined` if none is. */
  async tryAcquire(): Promise<Guard | undefined> {
    return (await this.call(SEMAPHORE.tryAcquire, [])) ? this.#toGuard() : undefined;
  }

  /** Runs `body` with a permit: `await using` for every version of Node.js. */
  using<T>(body: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T> {
    return runGuarded(this.acquire(options), body);
  }

  /**
   * Releases a permit. Unless the semaphore is `bounded`, a release without an acquire adds a permit.
   *
   * @throws (rejects) {@link InvalidStateError} if the semaphore is bounded and all permits are free.
   */
  async release(): Promise<void> {
    await this.call(SEMAPHORE.release, []);
  }

  /** How many permits are free. */
  value(): Promise<number> {
    return this.call(SEMAPHORE.value, []) as Promise<number>;
  }

  readonly #toGuard = (): Guard => new Guard(() => this.release());
}
