/** How many results over a stream may wait for their consumer, for each task that runs at a time. */
const RESULTS_PER_SLOT = 4;
const MIN_RESULTS = 1024;

/** The items of a map, taken one by one as the pool has room for them. */
export class MapInput {
  /** How many items are left; infinite if that cannot be known. */
  remaining: number;
  /** No more items will come. */
  ended = false;
  /** How many items were taken. */
  taken = 0;

  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #onItem: () => void;
  #item: { value: unknown } | undefined;
  #reading = false;
  /** Stops taking items from a stream whose results nobody takes. */
  readonly #isFull: (taken: number) => boolean;

  /**
   * @param isFull - whether the results of what was taken already are as many as may wait.
   * @param onItem - called when an item is there that was not when it was asked for.
   * @throws TypeError if `items` cannot be iterated.
   */
  constructor(items: unknown, isFull: (taken: number) => boolean, onItem: () => void) {
    this.#iterator = iterate(items);
    this.remaining = Array.isArray(items) ? items.length : Number.POSITIVE_INFINITY;
    this.ended = this.remaining === 0;
    this.#isFull = isFull;
    this.#onItem = onItem;
  }

  /**
   * The next item, or nothing if there is none at this moment; then {@link ended} says whether there will be.
   *
   * @throws what the iterator throws.
   */
  take(): { value: unknown } | undefined {
    if (this.ended || this.#reading || this.#isFull(this.taken)) return undefined;
    const item = this.#item ?? this.#read();
    this.#item = undefined;
    if (item === undefined) return undefined;
    this.taken++;
    if (--this.remaining === 0) this.ended = true;
    return item;
  }

  #read(): { value: unknown } | undefined {
    const next = this.#guard(() => this.#iterator.next());
    if (!(next instanceof Promise) && !isThenable(next)) return this.#accept(next);
    this.#reading = true;
    Promise.resolve(next).then(
      (result) => {
        this.#item = this.#accept(result);
        this.#resume();
      },
      (error) => {
        this.ended = true;
        this.error = { cause: error };
        this.#resume();
      },
    );
    return undefined;
  }

  /** What an asynchronous iterator has thrown. */
  error: { cause: unknown } | undefined;

  #resume(): void {
    this.#reading = false;
    this.#onItem();
  }

  #accept(result: IteratorResult<unknown>): { value: unknown } | undefined {
    if (!result.done) return { value: result.value };
    this.ended = true;
    return undefined;
  }

  #guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      this.ended = true;
      throw error;
    }
  }

  /** Takes no more items, and tells the iterator so. */
  stop(): void {
    if (this.ended) return;
    this.ended = true;
    this.remaining = 0;
    try {
      void Promise.resolve(this.#iterator.return?.()).catch(() => {});
    } catch {
      // The caller has given up on the items; why the iterator could not end is of no use to anyone.
    }
  }
}

/** How many results may wait for their consumer in a pool with so many slots. */
export function getResultLimit(slots: number): number {
  return Math.max(MIN_RESULTS, slots * RESULTS_PER_SLOT);
}

function iterate(items: unknown): Iterator<unknown> | AsyncIterator<unknown> {
  if (items !== null && items !== undefined) {
    const { [Symbol.asyncIterator]: iterateAsync, [Symbol.iterator]: iterateSync } = items as Partial<
      AsyncIterable<unknown> & Iterable<unknown>
    >;
    if (typeof iterateAsync === 'function') return iterateAsync.call(items);
    if (typeof iterateSync === 'function') return iterateSync.call(items);
  }
  throw new TypeError(`map: expected an iterable or async iterable of items, got ${typeof items}`);
}

function isThenable(value: unknown): value is PromiseLike<IteratorResult<unknown>> {
  return typeof (value as { then?: unknown }).then === 'function';
}
