import type { Channel } from '../ipc/channel.js';
import { ITEM, type ToChild, type ToParent } from '../protocol/messages.js';

/** A stream whose consumer may let it go on, or end it. */
interface Stream {
  /** How many items it may still give. */
  credit: number;
  isCancelled: boolean;
  wake(): void;
}

/** Runs generators as tasks: each item is sent when there is one, as long as the consumer has room for it. */
export class StreamRunner {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #onItem: () => void;
  readonly #streams = new Map<number, Stream>();

  /** @param onItem - an item was posted and should be flushed. */
  constructor(channel: Channel<ToChild, ToParent>, onItem: () => void) {
    this.#channel = channel;
    this.#onItem = onItem;
  }

  /** The task that follows is a stream. */
  expect(id: number, items: number): void {
    this.#streams.set(id, { credit: items, isCancelled: false, wake() {} });
  }

  /** The consumer has room for more; unless the stream has ended meanwhile. */
  grant(id: number, items: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.credit += items;
    stream.wake();
  }

  isStream(id: number): boolean {
    return this.#streams.size > 0 && this.#streams.has(id);
  }

  cancel(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.isCancelled = true;
    stream.wake();
  }

  cancelAll(): void {
    for (const id of this.#streams.keys()) this.cancel(id);
  }

  /** The task has ended. */
  forget(id: number): void {
    if (this.#streams.size > 0) this.#streams.delete(id);
  }

  /**
   * Sends the items of what a generator function has returned. Leaving the loop runs the generator's `finally`.
   *
   * @param asViews - whether the parent may keep views of them.
   */
  async run(id: number, items: unknown, asViews: boolean): Promise<void> {
    const stream = this.#streams.get(id) as Stream;
    for await (const item of toIterable(items)) {
      if (stream.isCancelled) return;
      this.#channel.post([ITEM, id, item], asViews);
      this.#onItem();
      stream.credit--;
      while (stream.credit <= 0 && !stream.isCancelled) await waitFor(stream);
      if (stream.isCancelled) return;
    }
  }
}

function waitFor(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    stream.wake = resolve;
  });
}

function toIterable(items: unknown): AsyncIterable<unknown> | Iterable<unknown> {
  const isIterable =
    typeof items === 'object' && items !== null && (Symbol.asyncIterator in items || Symbol.iterator in items);
  if (isIterable) return items as AsyncIterable<unknown>;
  throw new TypeError('stream: the function must return an iterable, as a generator function does');
}
