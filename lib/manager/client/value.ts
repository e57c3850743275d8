import { pack, unpack } from '../../ipc/packed.js';
import { VALUE } from '../methods.js';
import { type ObjectAddress, SharedObject } from './shared-object.js';

/** One value. What is read is a copy. */
export class SharedValue<T> extends SharedObject {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'value');
  }

  get(): Promise<T> {
    return this.call(VALUE.get, [], { read: unpack }) as Promise<T>;
  }

  async set(value: T): Promise<void> {
    await this.call(VALUE.set, [pack(value)]);
  }

  /**
   * Replaces the value by what `change` makes of it, atomically: if another has replaced it meanwhile, `change` is
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
   * @throws (rejects) TypeError if the value is no number.
   */
  async increment(by: T & (number | bigint) = 1 as T & number): Promise<T> {
    return this.call(VALUE.increment, [by]) as Promise<T>;
  }
}
