/**
 * One long array would be old while most of its items are young, which is the most expensive case for the garbage
 * collector.
 */
const CHUNK_SIZE = 512;

/** A queue: first in, first out. */
export class Fifo<T> {
  size = 0;
  /** None is empty. */
  #chunks: T[][] = [];
  /** The index of the first item in the first chunk. */
  #head = 0;

  push(item: T): void {
    const last = this.#chunks.at(-1);
    if (last === undefined || last.length === CHUNK_SIZE) this.#chunks.push([item]);
    else last.push(item);
    this.size++;
  }

  shift(): T | undefined {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return undefined;
    const item = chunk[this.#head++];
    this.size--;
    if (this.#head === chunk.length) {
      this.#chunks.shift();
      this.#head = 0;
    }
    return item;
  }

  /** Adds an item at the front. */
  unshift(item: T): void {
    if (this.#head > 0) (this.#chunks[0] as T[])[--this.#head] = item;
    else this.#chunks.unshift([item]);
    this.size++;
  }

  /** Removes and returns the items for which `isWanted` returns true. */
  remove(isWanted: (item: T) => boolean): T[] {
    const removed: T[] = [];
    const items = this.#chunks.flat().slice(this.#head);
    this.#chunks = [];
    this.#head = this.size = 0;
    for (const item of items) {
      if (isWanted(item)) removed.push(item);
      else this.push(item);
    }
    return removed;
  }
}
