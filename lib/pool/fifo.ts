/** One long array would be old when most of what it holds is young, which is what costs a garbage collector most. */
const CHUNK_SIZE = 512;

/** First in, first out. */
export class Fifo<T> {
  size = 0;
  /** None is empty. */
  #chunks: T[][] = [];
  /** The place of the first item in the first chunk. */
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

  /** Puts an item in front of all others. */
  unshift(item: T): void {
    if (this.#head > 0) (this.#chunks[0] as T[])[--this.#head] = item;
    else this.#chunks.unshift([item]);
    this.size++;
  }

  /** Takes out all items that `isWanted` names. */
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
