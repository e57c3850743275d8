import { QueueClosedError } from '../../errors.js';
import { pack, unpack } from '../../ipc/packed.js';
import { finite, type OptionTable, readOptions } from '../../util/validation.js';
import { QUEUE } from '../protocol/methods.js';
import { Delivery } from './delivery.js';
import { type ObjectAddress, readWaitOptions, SharedObject, WAIT_OPTIONS, type WaitOptions } from './shared-object.js';

/**
 * Options of `put()`.
 *
 * @since 0.2.0
 */
export interface PutOptions extends WaitOptions {
  /** A queue with `order: 'priority'` returns items of the highest priority first. Default: 0. */
  priority?: number | undefined;
}

/** The server's answer for an item that must be acknowledged. */
type Delivered = [id: number, item: unknown];

const PUT_NOWAIT_OPTIONS = {
  priority: { check: finite, default: 0 },
} as const satisfies OptionTable<Pick<PutOptions, 'priority'>>;

const PUT_OPTIONS = { ...WAIT_OPTIONS, ...PUT_NOWAIT_OPTIONS } as const satisfies OptionTable<PutOptions>;

/** The common part of all queues; `Got` is the result of `get()`. */
abstract class BaseQueue<T, Got> extends SharedObject {
  /** Waits for an item, and takes it. */
  abstract get(options?: WaitOptions): Promise<Got>;

  /** Takes an item without waiting. @throws (rejects) {@link QueueEmptyError} */
  abstract getNowait(): Promise<Got>;

  /**
   * Puts an item into the queue, and waits for room. If the signal aborts after the queue took the item, the call resolves
   * all the same.
   *
   * @throws (rejects) {@link SerializationError}, {@link QueueClosedError}, {@link TimeoutError}, the signal's reason.
   */
  put(item: T, options?: PutOptions): Promise<void> {
    try {
      if (options === undefined) return this.call(QUEUE.put, [pack(item), 0]) as Promise<void>;
      const { timeout, signal, priority } = readOptions('put', options, PUT_OPTIONS);
      return this.call(QUEUE.put, [pack(item), priority, timeout], { signal, isFinal: true }) as Promise<void>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Puts an item into the queue without waiting. @throws (rejects) {@link QueueFullError} */
  async putNowait(item: T, options: Pick<PutOptions, 'priority'> = {}): Promise<void> {
    const { priority } = readOptions('putNowait', options, PUT_NOWAIT_OPTIONS);
    await this.call(QUEUE.putNowait, [pack(item), priority]);
  }

  /** The number of items. It may change before you read it. */
  size(): Promise<number> {
    return this.call(QUEUE.size, []) as Promise<number>;
  }

  /** Whether the queue is empty. It may change before you read it. */
  async empty(): Promise<boolean> {
    return (await this.size()) === 0;
  }

  /** Whether the queue holds `maxSize` items. */
  full(): Promise<boolean> {
    return this.call(QUEUE.full, []) as Promise<boolean>;
  }

  /** Waits until every item that was put is done. */
  async join(options?: WaitOptions): Promise<void> {
    const { timeout, signal } = readWaitOptions('join', options);
    await this.call(QUEUE.join, [timeout], { signal });
  }

  /**
   * Closes the queue to new items. `get()` still returns the remaining items; after the last one it rejects with
   * {@link QueueClosedError}, and a `for await` loop ends.
   */
  async close(): Promise<void> {
    await this.call(QUEUE.close, []);
  }

  /** Iterates over the items until the queue is closed and empty. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Got, void, undefined> {
    for (;;) {
      let item: Got;
      try {
        item = await this.get();
      } catch (error) {
        if (error instanceof QueueClosedError) return;
        throw error;
      }
      yield item;
    }
  }
}

/**
 * A queue between processes. Waiting calls are served first come, first served.
 *
 * @example
 * ```ts
 * const queue = manager.queue<string>({ maxSize: 100 });
 * const consumers = Array.from({ length: 5 }, () => pool.apply(consume, [queue]));
 * await pool.apply(produce, [queue]);
 * await queue.close();
 * ```
 * @since 0.2.0
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
    // The signal may abort while the answer is on its way: the server keeps the item until it is confirmed.
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
   * Marks the work on one item as done. `join()` waits for one such call per item that was put.
   *
   * @throws (rejects) {@link InvalidStateError} if it is called more times than items were put.
   */
  async taskDone(): Promise<void> {
    await this.call(QUEUE.taskDone, []);
  }
}

/**
 * A queue whose items must be acknowledged with `done()`. If a process ends before, others get its items.
 *
 * @example
 * ```ts
 * for await (const delivery of jobs) {
 *   await work(delivery.value);
 *   await delivery.done();
 * }
 * ```
 * @since 0.2.0
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
