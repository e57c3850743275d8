import { LinkedList } from '../linked-list.js';

/** An item of a queue, and its priority. */
export interface Entry {
  readonly item: unknown;
  readonly priority: number;
}

/** The items of a queue, in the order in which `get()` returns them. */
export interface ItemStore {
  readonly size: number;
  add(entry: Entry): void;
  /** Puts back an entry that was taken, as the next one of its priority. */
  restore(entry: Entry): void;
  take(): Entry | undefined;
}

export type Order = 'fifo' | 'lifo' | 'priority';

export function createStore(order: Order): ItemStore {
  if (order === 'priority') return new PriorityStore();
  return order === 'lifo' ? new LifoStore() : new FifoStore();
}

class FifoStore implements ItemStore {
  readonly #entries = new LinkedList<Entry>();

  get size(): number {
    return this.#entries.size;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
  }

  restore(entry: Entry): void {
    this.#entries.unshift(entry);
  }

  take(): Entry | undefined {
    return this.#entries.shift();
  }
}

class LifoStore extends FifoStore {
  override add(entry: Entry): void {
    this.restore(entry);
  }
}

/** One queue per priority in use. Most programs use few priorities. */
class PriorityStore implements ItemStore {
  size = 0;
  readonly #queues = new Map<number, FifoStore>();
  /** In ascending order. */
  readonly #priorities: number[] = [];

  add(entry: Entry): void {
    this.#queueOf(entry.priority).add(entry);
    this.size++;
  }

  restore(entry: Entry): void {
    this.#queueOf(entry.priority).restore(entry);
    this.size++;
  }

  take(): Entry | undefined {
    const highest = this.#priorities.at(-1);
    if (highest === undefined) return undefined;
    const queue = this.#queueOf(highest);
    const entry = queue.take();
    this.size--;
    if (queue.size === 0) {
      this.#queues.delete(highest);
      this.#priorities.pop();
    }
    return entry;
  }

  #queueOf(priority: number): FifoStore {
    const known = this.#queues.get(priority);
    if (known !== undefined) return known;
    const queue = new FifoStore();
    this.#queues.set(priority, queue);
    this.#priorities.splice(this.#countBelow(priority), 0, priority);
    return queue;
  }

  #countBelow(priority: number): number {
    let low = 0;
    let high = this.#priorities.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#priorities[middle] as number) < priority) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
