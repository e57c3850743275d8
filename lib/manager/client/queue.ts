import { pack, unpack } from '../../ipc/packed.js';
import { finite, readOptions } from '../../options.js';
import { QUEUE } from '../methods.js';
import { Delivery } from './delivery.js';
import { type ObjectAddress, readWaitOptions, SharedObject, type WaitOptions } from './shared-object.js';

/** Of `put()`. */
export interface PutOptions extends WaitOptions {
  /** In a queue with `order: 'priority'` the highest is taken first; default 0. */
  priority?: number | undefined;
}

/** What the server sends for an item that is to be acknowledged. */
type Delivered = [id: number, item: unknown];

const PUT_OPTIONS = { priority: finite };

/** What all queues have in common; `Got` is what `get()` gives. */
abstract class BaseQueue<T, Got> extends SharedObject {
  /** Gets an item, and waits until there is one. */
  abstract get(options?: WaitOptions): Promise<Got>;

  /** Gets an item if there is one. @throws (rejects) {@link QueueEmptyError} */
  abstract getNowait(): Promise<Got>;

  /**
   * Puts an item into the queue, and waits until there is room for it. When the signal aborts, it is the queue that says
   * whether it has the item: if it does, the call resolves.
   *
   * @throws (rejects) {@link SerializationError}, {@link QueueClosedError}, {@link TimeoutError}, the signal's reason.
   */
  put(item: T, options?: PutOptions): Promise<void> {
    try {
      if (options === undefined) return this.call(QUEUE.put, [pack(item), 0]) as Promise<void>;
      const { timeout, signal, priority = 0 } = readWaitOptions('put', options, PUT_OPTIONS);
      return this.call(QUEUE.put, [pack(item), priority, timeout], { signal, isFinal: true }) as Promise<void>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Puts an item into the queue if there is room. @throws (rejects) {@link QueueFullError} */
  async putNowait(item: T, options: Pick<PutOptions, 'priority'> = {}): Promise<void> {
    const { priority = 0 } = readOptions<typeof options>('putNowait', options, PUT_OPTIONS);
    await this.call(QUEUE.putNowait, [pack(item), priority]);
  }

  /** How many items are in it. Others may change that before you know. */
  size(): Promise<number> {
    return this.call(QUEUE.size, []) as Promise<number>;
  }

  async empty(): Promise<boolean> {
    return (await this.size()) === 0;
  }

  /** Whether it holds `maxSize` items. */
  full(): Promise<boolean> {
    return this.call(QUEUE.full, []) as Promise<boolean>;
  }

  /** Waits until each item that was put is done. */
  async join(options?: WaitOptions): Promise<void> {
    const { timeout, signal } = readWaitOptions('join', options);
    await this.call(QUEUE.join, [timeout], { signal });
  }

  /**
   * Takes no more items. Those that are in it can still be got; after the last one `get()` rejects with
   * {@link QueueClosedError}, and a `for await` ends.
   */
  async close(): Promise<void> {
    await this.call(QUEUE.close, []);
  }

  /** Gets item after item until the queue is closed and empty. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Got, void, undefined> {
    for (;;) {
      let item: Got;
      try {
        item = await this.get();
      } catch (error) {
        if ((error as Error).name === 'QueueClosedError') return;
        throw error;
      }
      yield item;
    }
  }
}

/**
 * A queue that any process can put items into and get items from, first come, first served.
 *
 * @example
 * ```ts
 * const queue = manager.queue<string>({ maxSize: 100 });
 * const consumers = Array.from({ length: 5 }, () => pool.apply(consume, [queue]));
 * await pool.apply(produce, [queue]);
 * await queue.close();
 * ```
 */
export class SharedQueue<T> extends BaseQueue<T, T> {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'queue');
  }

  /** @throws (rejects) {@link QueueClosedError}, {@link TimeoutError}, the signal's reason. */
  get(options?: WaitOptions): Promise<T> {
    if (options === undefined) return this.call(QUEUE.get, [], { read: unpack }) as Promise<T>;
    return this.#getUntil(options);
  }

  async #getUntil(options: WaitOptions): Promise<T> {
    const { timeout, signal } = readWaitOptions('get', options);
    if (signal === undefined) return this.call(QUEUE.get, [timeout], { read: unpack }) as Promise<T>;
    // The call may be given up while its answer is on the way: the server keeps the item until it is confirmed.
    return this.call(QUEUE.take, [timeout], {
      signal,
      read: (answer) => {
        const [id, item] = answer as Delivered;
        this.tell(QUEUE.confirm, [id]);
        return unpack(item);
      },
    }) as Promise<T>;
  }

  /** @throws (rejects) {@link QueueEmptyError}, {@link QueueClosedError} */
  getNowait(): Promise<T> {
    return this.call(QUEUE.getNowait, [], { read: unpack }) as Promise<T>;
  }

  /**
   * The work on one item is done: `join()` waits for one of these for each item that was put.
   *
   * @throws (rejects) {@link InvalidStateError} if there were not so many items.
   */
  async taskDone(): Promise<void> {
    await this.call(QUEUE.taskDone, []);
  }
}

/**
 * A queue whose items are given to another process if the one that has got them ends before they are `done()`.
 *
 * @example
 * ```ts
 * for await (const delivery of jobs) {
 *   await work(delivery.value);
 *   await delivery.done();
 * }
 * ```
 */
export class SharedJobQueue<T> extends BaseQueue<T, Delivery<T>> {
  /** @internal */
  constructor(address: ObjectAddress) {
    super(address, 'jobQueue');
  }

  /** @throws (rejects) {@link QueueClosedError}, {@link TimeoutError}, the signal's reason. */
  async get(options?: WaitOptions): Promise<Delivery<T>> {
    const { timeout, signal } = readWaitOptions('get', options);
    return this.call(QUEUE.take, [timeout], {
      signal,
      read: this.#toDelivery,
    }) as Promise<Delivery<T>>;
  }

  /** @throws (rejects) {@link QueueEmptyError}, {@link QueueClosedError} */
  getNowait(): Promise<Delivery<T>> {
    return this.call(QUEUE.takeNowait, [], { read: this.#toDelivery }) as Promise<Delivery<T>>;
  }

  readonly #toDelivery = (answer: unknown): Delivery<T> => {
    const [id, item] = answer as Delivered;
    const end = (method: number) => () => this.call(method, [id]) as Promise<void>;
    return new Delivery(unpack(item) as T, end(QUEUE.done), end(QUEUE.giveBack));
  };
}
