import { EVENT } from '../protocol/methods.js';
import { type ObjectAddress, readWaitOptions, SharedObject, type WaitOptions } from './shared-object.js';

/**
 * A flag that any process can set and wait for.
 *
 * @since 0.2.0
 */
export class SharedEvent extends SharedObject {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'event');
  }

  /** Sets the flag. Waiting calls resolve, and later ones resolve at once until {@link clear}. */
  async set(): Promise<void> {
    await this.call(EVENT.set, []);
  }

  /** Clears the flag. */
  async clear(): Promise<void> {
    await this.call(EVENT.clear, []);
  }

  /** Whether the flag is set. */
  isSet(): Promise<boolean> {
    return this.call(EVENT.isSet, []) as Promise<boolean>;
  }

  /**
   * Waits until the flag is set.
   *
   * @throws (rejects) {@link TimeoutError}, the signal's reason.
   */
  async wait(options?: WaitOptions): Promise<void> {
    const { timeout, signal } = readWaitOptions('wait', options);
    await this.call(EVENT.wait, [timeout], { signal });
  }
}
