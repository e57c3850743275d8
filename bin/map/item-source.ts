import type { Item } from '../child/run-item.js';

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** An item, and which one of the input it is. */
export interface Numbered {
  index: number;
  item: Item;
}

/** Gives the pool the items that are to be done, and knows those that are under way. */
export class ItemSource implements AsyncIterator<Item>, AsyncIterable<Item> {
  readonly #batches: AsyncIterator<Item[]>;
  readonly #isDone: (index: number) => boolean;
  #batch: Item[] = [];
  #at = 0;
  /** The index of the next item in the input, and how many the pool was given. */
  #index = 0;
  #given = 0;
  readonly #underWay = new Map<number, Numbered>();
  #stopped = false;
  #onStop = (): void => {};

  /** @param isDone - whether the item of an index was done by an earlier run. */
  constructor(batches: AsyncIterator<Item[]>, isDone: (index: number) => boolean) {
    this.#batches = batches;
    this.#isDone = isDone;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** How many items the pool has not answered. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** Takes an item away that is answered, by its place among those that the pool was given. */
  take(place: number): Numbered {
    const numbered = this.#underWay.get(place) as Numbered;
    this.#underWay.delete(place);
    return numbered;
  }

  /**
   * An item that was read already is given at once: a promise for each would take longer than a small task. The pool
   * takes both; the types of JavaScript know only one of them.
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
      this.#underWay.set(this.#given++, { index, item });
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

  /** No more items; also for one that waits for the input. */
  stop(): void {
    this.#stopped = true;
    this.#onStop();
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.stop();
    return END;
  }
}
