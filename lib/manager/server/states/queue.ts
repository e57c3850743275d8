import { InvalidStateError, QueueClosedError, QueueEmptyError, QueueFullError } from '../../../errors.js';
import type { QUEUE } from '../../methods.js';
import type { Call, Hold, Owner } from '../call.js';
import { LinkedList } from '../linked-list.js';
import { createStore, type Entry, type ItemStore, type Order } from './item-store.js';
import type { State } from './state.js';

/** Someone who waits for an item; `isDelivery`: it is to be acknowledged. */
interface Getter {
  call: Call;
  isDelivery: boolean;
}

/** An item that was handed out and not acknowledged. */
interface Delivery extends Hold {
  owner: Owner;
  entry: Entry;
}

/** Items that some processes put and others get. */
export class QueueState implements State<typeof QUEUE> {
  readonly #maxSize: number;
  readonly #store: ItemStore;
  readonly #getters = new LinkedList<Getter>();
  readonly #putters = new LinkedList<{ call: Call; entry: Entry }>();
  readonly #joiners = new LinkedList<{ call: Call }>();
  readonly #deliveries = new Map<number, Delivery>();
  #lastDelivery = 0;
  /** Items that were put and are not done. */
  #unfinished = 0;
  #closed = false;

  constructor(maxSize: number, order: Order) {
    this.#maxSize = maxSize || Number.POSITIVE_INFINITY;
    this.#store = createStore(order);
  }

  put(call: Call, [item, priority, timeout]: readonly unknown[]): unknown {
    this.#refuseIfClosed();
    const entry = { item, priority: Number(priority) };
    if (!this.#isFull) return this.#add(entry);
    return call.wait(this.#putters, { call, entry }, 'put()', timeout);
  }

  putNowait(_call: Call, [item, priority]: readonly unknown[]): void {
    this.#refuseIfClosed();
    if (this.#isFull) {
      throw new QueueFullError(`the queue holds ${this.#maxSize} items, its maxSize; put() waits until one is taken`);
    }
    this.#add({ item, priority: Number(priority) });
  }

  get(call: Call, [timeout]: readonly unknown[]): unknown {
    return this.#get(call, false, timeout);
  }

  /** Gets an item as a delivery, which is to be confirmed, done or given back. */
  take(call: Call, [timeout]: readonly unknown[]): unknown {
    return this.#get(call, true, timeout);
  }

  getNowait(call: Call): unknown {
    return this.#getNow(call, false);
  }

  takeNowait(call: Call): unknown {
    return this.#getNow(call, true);
  }

  /** The item has arrived; it is no longer given back should its process end. */
  confirm(_call: Call, [id]: readonly unknown[]): void {
    this.#endDelivery(id);
    this.#checkOver();
  }

  done(call: Call, [id]: readonly unknown[]): void {
    this.#endDelivery(id);
    this.taskDone(call);
    this.#checkOver();
  }

  giveBack(_call: Call, [id]: readonly unknown[]): void {
    this.#restore(id);
    this.#serve();
  }

  size(): number {
    return this.#store.size;
  }

  full(): boolean {
    return this.#isFull;
  }

  taskDone(_call: Call): void {
    if (this.#unfinished === 0) {
      throw new InvalidStateError('taskDone() was called more often than there were items in the queue');
    }
    if (--this.#unfinished > 0) return;
    while (this.#joiners.first !== undefined) this.#joiners.first.call.answer(undefined);
  }

  join(call: Call, [timeout]: readonly unknown[]): unknown {
    return this.#unfinished === 0 ? undefined : call.wait(this.#joiners, { call }, 'join()', timeout);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#putters.first !== undefined) this.#putters.first.call.fail(createClosed());
    this.#checkOver();
  }

  get #isFull(): boolean {
    return this.#store.size >= this.#maxSize;
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw createClosed();
  }

  #add(entry: Entry): void {
    this.#unfinished++;
    const getter = this.#getters.first;
    if (getter === undefined) this.#store.add(entry);
    else this.#answer(getter, entry);
  }

  #get(call: Call, isDelivery: boolean, timeout: unknown): unknown {
    if (this.#store.size > 0) return this.#getNow(call, isDelivery);
    if (this.#isOver) throw createClosed();
    return call.wait(this.#getters, { call, isDelivery }, 'get()', timeout);
  }

  #getNow(call: Call, isDelivery: boolean): unknown {
    const entry = this.#store.take();
    if (entry === undefined) throw this.#isOver ? createClosed() : new QueueEmptyError();
    const putter = this.#isFull ? undefined : this.#putters.shift();
    if (putter !== undefined) {
      this.#add(putter.entry);
      putter.call.answer(undefined);
    }
    const item = isDelivery ? this.#deliver(call, entry) : entry.item;
    this.#checkOver();
    return item;
  }

  #answer({ call, isDelivery }: Getter, entry: Entry): void {
    call.answer(isDelivery ? this.#deliver(call, entry) : entry.item);
  }

  #deliver({ owner, id: callId }: Call, entry: Entry): [id: number, item: unknown] {
    const id = ++this.#lastDelivery;
    const delivery = { owner, callId, entry, giveBack: () => this.#restore(id), serve: this.#serve };
    this.#deliveries.set(id, delivery);
    owner.holds.add(delivery);
    return [id, entry.item];
  }

  #endDelivery(id: unknown): Delivery {
    const delivery = this.#deliveries.get(id as number);
    if (delivery === undefined) {
      throw new InvalidStateError('this item was acknowledged or given back before, or its process has lost it');
    }
    this.#deliveries.delete(id as number);
    delivery.owner.holds.delete(delivery);
    return delivery;
  }

  #restore(id: unknown): void {
    this.#store.restore(this.#endDelivery(id).entry);
  }

  /** Those who wait get what was given back. */
  readonly #serve = (): void => {
    while (this.#getters.first !== undefined && this.#store.size > 0) {
      this.#answer(this.#getters.first, this.#store.take() as Entry);
    }
  };

  /** Whether no item will ever come again: one that is not acknowledged might. */
  get #isOver(): boolean {
    return this.#closed && this.#store.size === 0 && this.#deliveries.size === 0;
  }

  #checkOver(): void {
    if (!this.#isOver) return;
    while (this.#getters.first !== undefined) this.#getters.first.call.fail(createClosed());
  }
}

function createClosed(): QueueClosedError {
  return new QueueClosedError('the queue is closed');
}
