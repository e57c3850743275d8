import { Failure } from './outcomes.js';

/** In the place of an item that is not there. */
export const NOTHING = Symbol('nothing');

/** The items of a map, taken one by one as the pool has room for them. */
export class MapInput {
  /** How many items are left; infinite if that cannot be known. */
  remaining: number;
  /** No more items will come. */
  ended = false;
  /** What the iterator has thrown. */
  failure: Failure | undefined;
  /** How many items were taken. */
  taken = 0;

  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #onItem: () => void;
  /** An item that an asynchronous iterator has brought. */
  #item: unknown = NOTHING;
  #reading = false;
  /** Stops taking items from a stream whose results nobody takes. */
  readonly #isFull: () => boolean;

  /**
   * @param isFull - whether the results of what was taken already are as many as may wait.
   * @param onItem - called when an item is there that was not when it was asked for.
   * @throws TypeError if `items` cannot be iterated.
   */
  constructor(items: unknown, isFull: () => boolean, onItem: () => void) {
    this.#iterator = iterate(items);
    this.remaining = Array.isArray(items) ? items.length : Number.POSITIVE_INFINITY;
    this.ended = this.remaining === 0;
    this.#isFull = isFull;
    this.#onItem = onItem;
  }

  /** The next item, or {@link NOTHING} if there is none at this moment; then {@link ended} says whether there will be. */
  take(): unknown {
    if (this.ended || this.#reading || this.#isFull()) return NOTHING;
    const item = this.#item === NOTHING ? this.#read() : this.#item;
    this.#item = NOTHING;
    if (item === NOTHING) return NOTHING;
    this.taken++;
    if (--this.remaining === 0) this.ended = true;
    return item;
  }

  #read(): unknown {
    try {
      const next = this.#iterator.next();
      if (!isThenable(next)) return this.#accept(next);
      this.#reading = true;
      void this.#wait(next);
    } catch (error) {
      this.#fail(error);
    }
    return NOTHING;
  }

  async #wait(next: PromiseLike<IteratorResult<unknown>>): Promise<void> {
    try {
      this.#item = this.#accept(await next);
    } catch (error) {
      this.#fail(error);
    }
    this.#reading = false;
    this.#onItem();
  }

  #accept(result: IteratorResult<unknown>): unknown {
    if (!isObject(result)) throw new TypeError(`map: next() of the items gave ${String(result)}, which is no object`);
    if (!result.done) return result.value;
    this.ended = true;
    return NOTHING;
  }

  /** The item that was taken last is none: no more are taken. */
  refuse(error: unknown): void {
    this.stop();
    this.taken--;
    this.#fail(error);
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

  #fail(error: unknown): void {
    this.ended = true;
    this.failure = new Failure(error);
  }
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
  return isObject(value) && typeof (value as { then?: unknown }).then === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
