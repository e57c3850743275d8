import type { Item } from '../child/run-item.js';

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** An item and its index in the input. */
export interface Numbered {
  index: number;
  item: Item;
}

/** Feeds the pool the items that are not done yet, and keeps those that it has not answered. */
export class ItemSource implements AsyncIterator<Item>, AsyncIterable<Item> {
  readonly #batches: AsyncIterator<Item[]>;
  readonly #isDone: (index: number) => boolean;
  #batch: Item[] = [];
  #at = 0;
  /** The index of the next item in the input, and the number of items that the pool has received. */
  #index = 0;
  #given = 0;
  readonly #pending = new Map<number, Numbered>();
  #stopped = false;
  #onStop = (): void => {};

  /** @param isDone - whether an earlier run has done the item with this index. */
  constructor(batches: AsyncIterator<Item[]>, isDone: (index: number) => boolean) {
    this.#batches = batches;
    this.#isDone = isDone;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The number of items that the pool has not answered. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Removes an answered item. @param position - its index among the items that the pool has received. */
  take(position: number): Numbered {
    const numbered = this.#pending.get(position) as Numbered;
    this.#pending.delete(position);
    return numbered;
  }

  /**
   * Returns an item that is already read without a promise, which would cost more than a small task. The pool accepts
   * both forms; the type of an async iterator has only the promise.
   */
  next(): Promise<IteratorResult<Item>> {
    return this.#next() as Promise<IteratorResult<Item>>;
  }

  #next(): IteratorResult<Item> | Promise<IteratorResult<Item>> {
    if (this.#stopped) return END;
    while (this.#at < this.#batch.length) {
      const item = this.#batch[this.#at++] as Item;
      const index = this.#index++;
      if (this.#isDone(index)) continue;
      this.#pending.set(this.#given++, { index, item });
      return { done: false, value: item };
    }
    return new Promise((resolve, reject) => {
      this.#onStop = () => resolve(END);
      this.#read().then(resolve, reject);
    });
  }

  async #read(): Promise<IteratorResult<Item>> {
    const { done, value } = await this.#batches.next();
    if (done) return END;
    this.#batch = value;
    this.#at = 0;
    return this.#next();
  }

  /** Ends the items, also while `next()` waits for the input. */
  stop(): void {
    this.#stopped = true;
    this.#onStop();
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.stop();
    return END;
  }
}
