import type { Task } from './task.js';

/** Tasks that one process must run, and no other, in the order in which they came. */
export class PinnedTasks {
  #waiting: Task[] = [];
  readonly #all = new WeakSet<Task>();

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }

  add(task: Task): void {
    this.#all.add(task);
    this.#waiting.push(task);
  }

  /** Takes the one that has waited longest. */
  shift(): Task | undefined {
    return this.#waiting.shift();
  }

  /** Takes out those of the waiting ones that `isWanted` names. */
  remove(isWanted: (task: Task) => boolean): Task[] {
    const removed = this.#waiting.filter(isWanted);
    this.#waiting = this.#waiting.filter((task) => !removed.includes(task));
    return removed;
  }

  /** Whether it was added at any time. */
  has(task: Task): boolean {
    return this.#all.has(task);
  }
}
