import { isObject } from '../../util/guards.js';
import { isThenable } from '../../util/thenable.js';
import { describeValue } from '../../util/validation.js';
import { Failure } from './outcomes.js';

/** Stands for an item that is not there yet. */
export const NOTHING = Symbol('nothing');

/** The items of a map, taken one by one as the pool has room for them. */
export class MapInput {
  /** How many items are left; infinite if that is unknown. */
  remaining: number;
  /** No more items will come. */
  ended = false;
  /** The error that the iterator has thrown. */
  failure: Failure | undefined;
  /** How many items were taken. */
  taken = 0;

  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #onItem: () => void;
  /** An item that an asynchronous iterator has brought. */
  #item: unknown = NOTHING;
  #reading = false;
  /** Whether the results that wait for their consumer are as many as may; then no items are taken from a stream. */
  readonly #isFull: () => boolean;

  /**
   * @param isFull - whether no further results may wait for their consumer.
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
    if (!isObject(result))
      throw new TypeError(`map: iterator.next() returned ${String(result)}; expected an iterator result object`);
    if (!result.done) return result.value;
    this.ended = true;
    return NOTHING;
  }

  /** The last item is invalid: takes it back, and takes no others. */
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
      // The map is cancelled already, so an iterator that cannot end has no effect on it.
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
  throw new TypeError(`map: expected an iterable or async iterable of items, got ${describeValue(items)}`);
}
