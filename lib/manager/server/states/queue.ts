import { InvalidStateError, QueueClosedError, QueueEmptyError, QueueFullError } from '../../../errors.js';
import type { QUEUE } from '../../protocol/methods.js';
import { type Client, type MethodCall, type ObjectMethods, type Waiter, WaitingCalls } from '../method-call.js';
import type { Hold } from '../release-on-disconnect.js';
import { createStore, type Entry, type ItemStore, type Order } from './queue-order.js';

/** A call that waits for an item; `isDelivery`: the item must be acknowledged. */
interface Getter extends Waiter {
  readonly isDelivery: boolean;
}

/** An item that a client got and has not acknowledged. */
interface Delivery extends Hold {
  client: Client;
  entry: Entry;
}

/** A queue: its items, the calls that wait for an item or for room, and the items not yet acknowledged. */
export class QueueState implements ObjectMethods<typeof QUEUE> {
  readonly #maxSize: number;
  readonly #store: ItemStore;
  readonly #getters = new WaitingCalls<Getter>();
  readonly #putters = new WaitingCalls<Waiter & { entry: Entry }>();
  readonly #joiners = new WaitingCalls();
  readonly #deliveries = new Map<number, Delivery>();
  #lastDelivery = 0;
  /** Items that were put and for which `taskDone()` was not called yet. */
  #unfinished = 0;
  #closed = false;

  constructor(maxSize: number, order: Order) {
    this.#maxSize = maxSize || Number.POSITIVE_INFINITY;
    this.#store = createStore(order);
  }

  put(call: MethodCall, [item, priority, timeout]: readonly unknown[]): unknown {
    this.#refuseIfClosed();
    const entry = { item, priority: Number(priority) };
    if (!this.#isFull) return this.#add(entry);
    return call.wait(this.#putters, { call, entry }, 'put()', timeout);
  }

  putNowait(_call: MethodCall, [item, priority]: readonly unknown[]): void {
    this.#refuseIfClosed();
    if (this.#isFull) {
      throw new QueueFullError(`the queue holds ${this.#maxSize} items, its maxSize; put() waits for room`);
    }
    this.#add({ item, priority: Number(priority) });
  }

  get(call: MethodCall, [timeout]: readonly unknown[]): unknown {
    return this.#get(call, false, timeout);
  }

  /** Gets an item as a delivery, which must be confirmed, done or given back. */
  take(call: MethodCall, [timeout]: readonly unknown[]): unknown {
    return this.#get(call, true, timeout);
  }

  getNowait(call: MethodCall): unknown {
    return this.#getNow(call, false);
  }

  takeNowait(call: MethodCall): unknown {
    return this.#getNow(call, true);
  }

  /** The item arrived: the death of its process no longer gives it back. */
  confirm(_call: MethodCall, [id]: readonly unknown[]): void {
    this.#endDelivery(id);
    this.#failGettersIfOver();
  }

  done(call: MethodCall, [id]: readonly unknown[]): void {
    this.#endDelivery(id);
    this.taskDone(call);
    this.#failGettersIfOver();
  }

  giveBack(_call: MethodCall, [id]: readonly unknown[]): void {
    this.#restore(id);
    this.#serve();
  }

  size(): number {
    return this.#store.size;
  }

  full(): boolean {
    return this.#isFull;
  }

  taskDone(_call: MethodCall): void {
    if (this.#unfinished === 0) {
      throw new InvalidStateError('taskDone() was called more times than items were put into the queue');
    }
    if (--this.#unfinished > 0) return;
    this.#joiners.answerAll(undefined);
  }

  join(call: MethodCall, [timeout]: readonly unknown[]): unknown {
    return this.#unfinished === 0 ? undefined : call.wait(this.#joiners, { call }, 'join()', timeout);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#putters.failAll(createClosedError);
    this.#failGettersIfOver();
  }

  get #isFull(): boolean {
    return this.#store.size >= this.#maxSize;
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw createClosedError();
  }

  #add(entry: Entry): void {
    this.#unfinished++;
    const getter = this.#getters.first;
    if (getter === undefined) this.#store.add(entry);
    else this.#answer(getter, entry);
  }

  #get(call: MethodCall, isDelivery: boolean, timeout: unknown): unknown {
    if (this.#store.size > 0) return this.#getNow(call, isDelivery);
    if (this.#isOver) throw createClosedError();
    return call.wait(this.#getters, { call, isDelivery }, 'get()', timeout);
  }

  #getNow(call: MethodCall, isDelivery: boolean): unknown {
    const entry = this.#store.take();
    if (entry === undefined) throw this.#isOver ? createClosedError() : new QueueEmptyError();
    const putter = this.#isFull ? undefined : this.#putters.shift();
    if (putter !== undefined) {
      this.#add(putter.entry);
      putter.call.answer(undefined);
    }
    const item = isDelivery ? this.#deliver(call, entry) : entry.item;
    this.#failGettersIfOver();
    return item;
  }

  #answer({ call, isDelivery }: Getter, entry: Entry): void {
    call.answer(isDelivery ? this.#deliver(call, entry) : entry.item);
  }

  #deliver({ client, id: callId }: MethodCall, entry: Entry): [id: number, item: unknown] {
    const id = ++this.#lastDelivery;
    const delivery = { client, callId, entry, giveBack: () => this.#restore(id), serve: this.#serve };
    this.#deliveries.set(id, delivery);
    client.holds.add(delivery);
    return [id, entry.item];
  }

  #endDelivery(id: unknown): Delivery {
    const delivery = this.#deliveries.get(id as number);
    if (delivery === undefined) {
      throw new InvalidStateError('the item was already acknowledged or given back');
    }
    this.#deliveries.delete(id as number);
    delivery.client.holds.delete(delivery);
    return delivery;
  }

  #restore(id: unknown): void {
    this.#store.restore(this.#endDelivery(id).entry);
  }

  /** Hands items that were given back to waiting calls. */
  readonly #serve = (): void => {
    while (this.#getters.first !== undefined && this.#store.size > 0) {
      this.#answer(this.#getters.first, this.#store.take() as Entry);
    }
  };

  /** Closed and empty, with no unacknowledged item that could still be given back. */
  get #isOver(): boolean {
    return this.#closed && this.#store.size === 0 && this.#deliveries.size === 0;
  }

  #failGettersIfOver(): void {
    if (this.#isOver) this.#getters.failAll(createClosedError);
  }
}

function createClosedError(): QueueClosedError {
  return new QueueClosedError('the queue is closed');
}
