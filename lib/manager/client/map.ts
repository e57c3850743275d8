import { pack, unpack } from '../../ipc/packed.js';
import { isObject } from '../../util/guards.js';
import { MAP } from '../protocol/methods.js';
import { type ObjectAddress, SharedObject } from './shared-object.js';

/**
 * A key of a shared map, compared by value as in a `Map`.
 *
 * @since 0.2.0
 */
export type MapKey = string | number | bigint | boolean | null | undefined;

/**
 * A shared map. Each method is atomic; the values it returns are copies.
 *
 * @since 0.2.0
 */
export class SharedMap<K extends MapKey, V> extends SharedObject {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'map');
  }

  /** The value of a key; `undefined` if the map does not have it. */
  async get(key: K): Promise<V | undefined> {
    return this.call(MAP.get, [toKey(key)], { read: unpack }) as Promise<V | undefined>;
  }

  /** Sets the value of a key. */
  async set(key: K, value: V): Promise<void> {
    await this.call(MAP.set, [toKey(key), pack(value)]);
  }

  /** Whether the map has a key. */
  async has(key: K): Promise<boolean> {
    return this.call(MAP.has, [toKey(key)]) as Promise<boolean>;
  }

  /** @returns whether the key existed. */
  async delete(key: K): Promise<boolean> {
    return this.call(MAP.delete, [toKey(key)]) as Promise<boolean>;
  }

  /** Removes all entries. */
  async clear(): Promise<void> {
    await this.call(MAP.clear, []);
  }

  /** The number of entries. */
  size(): Promise<number> {
    return this.call(MAP.size, []) as Promise<number>;
  }

  /** The keys, in the order in which they were added. */
  keys(): Promise<K[]> {
    return this.call(MAP.keys, []) as Promise<K[]>;
  }

  /** The values, in the order in which their keys were added. */
  values(): Promise<V[]> {
    return this.call(MAP.values, [], { read: (values) => (values as unknown[]).map(unpack) }) as Promise<V[]>;
  }

  /** The keys with their values, in the order in which the keys were added. */
  entries(): Promise<[K, V][]> {
    const read = (entries: unknown) => (entries as [K, unknown][]).map(([key, value]) => [key, unpack(value)]);
    return this.call(MAP.entries, [], { read }) as Promise<[K, V][]>;
  }

  /**
   * Replaces a value with the result of `change`, atomically: if the value was replaced in the meantime, `change` is
   * called again with the new one.
   *
   * @param change - gets `undefined` for a missing key; may be async.
   * @returns the new value.
   */
  async update(key: K, change: (value: V | undefined) => V | PromiseLike<V>): Promise<V> {
    for (;;) {
      const [version, packed] = (await this.call(MAP.read, [toKey(key)])) as [number, unknown];
      const value = await change(unpack(packed) as V | undefined);
      if (await this.call(MAP.replace, [key, version, pack(value)])) return value;
    }
  }

  /**
   * Adds to a number, atomically and in one step. A missing key counts as 0.
   *
   * @returns the sum.
   * @throws (rejects) TypeError unless the value and `by` are both numbers or both bigints.
   */
  async increment(key: K, by: V & (number | bigint) = 1 as V & number): Promise<V> {
    return this.call(MAP.increment, [toKey(key), by]) as Promise<V>;
  }

  /** Iterates over the entries as they are when the loop starts. */
  async *[Symbol.asyncIterator](): AsyncGenerator<[K, V], void, undefined> {
    yield* await this.entries();
  }
}

/** @throws TypeError for a key that has no equal in another process. */
export function toKey(key: unknown): MapKey {
  if (isObject(key) || typeof key === 'function' || typeof key === 'symbol') {
    throw new TypeError(`a key of a shared map must be a primitive other than a symbol, got ${typeof key}`);
  }
  return key as MapKey;
}
