import { pack, unpack } from '../../ipc/packed.js';
import { VALUE } from '../protocol/methods.js';
import { type ObjectAddress, SharedObject } from './shared-object.js';

/**
 * A single shared value. Reading it returns a copy.
 *
 * @since 0.2.0
 */
export class SharedValue<T> extends SharedObject {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'value');
  }

  /** The value. */
  get(): Promise<T> {
    return this.call(VALUE.get, [], { read: unpack }) as Promise<T>;
  }

  /** Replaces the value. */
  async set(value: T): Promise<void> {
    await this.call(VALUE.set, [pack(value)]);
  }

  /**
   * Replaces the value with the result of `change`, atomically: if the value was replaced in the meantime, `change` is
   * called again with the new one.
   *
   * @param change - may be async.
   * @returns the new value.
   */
  async update(change: (value: T) => T | PromiseLike<T>): Promise<T> {
    for (;;) {
      const [version, packed] = (await this.call(VALUE.read, [])) as [number, unknown];
      const value = await change(unpack(packed) as T);
      if (await this.call(VALUE.replace, [version, pack(value)])) return value;
    }
  }

  /**
   * Adds to a number, atomically and in one step.
   *
   * @returns the sum.
   * @throws (rejects) TypeError unless the value and `by` are both numbers or both bigints.
   */
  async increment(by: T & (number | bigint) = 1 as T & number): Promise<T> {
    return this.call(VALUE.increment, [by]) as Promise<T>;
  }
}
