import { Deadline } from '../util/deadline.js';
import type { Task } from './task.js';

/** A deadline each for some tasks; the others cost nothing. */
export class Deadlines {
  readonly #deadlines = new Map<Task, Deadline>();
  readonly #onPassed: (task: Task) => void;

  constructor(onPassed: (task: Task) => void) {
    this.#onPassed = onPassed;
  }

  get size(): number {
    return this.#deadlines.size;
  }

  /** @param time - milliseconds from now. */
  set(task: Task, time: number): void {
    this.clear(task);
    const pass = () => {
      this.#deadlines.delete(task);
      this.#onPassed(task);
    };
    this.#deadlines.set(task, new Deadline(time, pass));
  }

  clear(task: Task): void {
    if (this.#deadlines.size === 0) return;
    this.#deadlines.get(task)?.clear();
    this.#deadlines.delete(task);
  }

  clearAll(): void {
    for (const deadline of this.#deadlines.values()) deadline.clear();
    this.#deadlines.clear();
  }
}
