import { pack, unpack } from '../../ipc/packed.js';
import { LIST } from '../protocol/methods.js';
import { type ObjectAddress, SharedObject } from './shared-object.js';

const unpackAll = (items: unknown) => (items as unknown[]).map(unpack);

/**
 * A shared array. Each method is atomic; the items it returns are copies.
 *
 * @since 0.2.0
 */
export class SharedList<T> extends SharedObject {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'list');
  }

  /** @returns the new length. */
  async push(...items: T[]): Promise<number> {
    return this.call(LIST.push, items.map(pack)) as Promise<number>;
  }

  /** Removes the last item. @returns the item; `undefined` if the list is empty. */
  pop(): Promise<T | undefined> {
    return this.call(LIST.pop, [], { read: unpack }) as Promise<T | undefined>;
  }

  /** Removes the first item. @returns the item; `undefined` if the list is empty. */
  shift(): Promise<T | undefined> {
    return this.call(LIST.shift, [], { read: unpack }) as Promise<T | undefined>;
  }

  /** @returns the new length. */
  async unshift(...items: T[]): Promise<number> {
    return this.call(LIST.unshift, items.map(pack)) as Promise<number>;
  }

  /** The item at an index; a negative index counts from the end, as in `Array.prototype.at()`. */
  async get(index: number): Promise<T | undefined> {
    return this.call(LIST.get, [toIndex('get', index)], { read: unpack }) as Promise<T | undefined>;
  }

  /** Replaces an item. @throws (rejects) RangeError if the index is out of range. */
  async set(index: number, item: T): Promise<void> {
    await this.call(LIST.set, [toIndex('set', index), pack(item)]);
  }

  /** The number of items. */
  size(): Promise<number> {
    return this.call(LIST.size, []) as Promise<number>;
  }

  /** The items from `start` up to, not including, `end`; by default all. */
  async slice(start?: number, end?: number): Promise<T[]> {
    const from = start === undefined ? undefined : toIndex('slice', start);
    const to = end === undefined ? undefined : toIndex('slice', end);
    return this.call(LIST.slice, [from, to], { read: unpackAll }) as Promise<T[]>;
  }

  /**
   * Removes `count` items from `start` on, by default all of them, and inserts others in their place.
   *
   * @returns the removed items.
   */
  async splice(start: number, count?: number, ...items: T[]): Promise<T[]> {
    const removed = count === undefined ? undefined : toIndex('splice', count);
    const args = [toIndex('splice', start), removed, ...items.map(pack)];
    return this.call(LIST.splice, args, { read: unpackAll }) as Promise<T[]>;
  }

  /** Iterates over the items as they are when the loop starts. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    yield* await this.slice();
  }
}

function toIndex(what: string, index: number): number {
  if (Number.isSafeInteger(index)) return index;
  throw new TypeError(`${what}: expected an integer, got ${String(index)}`);
}
