import type { Task } from './task.js';

/** Timers for some tasks; the others cost nothing. They never keep the program alive. */
export class Deadlines {
  readonly #timers = new Map<Task, NodeJS.Timeout>();
  readonly #onPassed: (task: Task) => void;

  constructor(onPassed: (task: Task) => void) {
    this.#onPassed = onPassed;
  }

  get size(): number {
    return this.#timers.size;
  }

  /** @param time - milliseconds from now. */
  set(task: Task, time: number): void {
    this.clear(task);
    const pass = () => {
      this.#timers.delete(task);
      this.#onPassed(task);
    };
    this.#timers.set(task, setTimeout(pass, time).unref());
  }

  clear(task: Task): void {
    if (this.#timers.size === 0) return;
    clearTimeout(this.#timers.get(task));
    this.#timers.delete(task);
  }

  clearAll(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
