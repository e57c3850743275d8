import type { Task } from './task.js';

/** From here on the room in front of the first task is given back. */
const MAX_GAP = 1024;

/** Tasks waiting for a free slot, first come first served. */
export class RequestQueue {
  #tasks: (Task | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#tasks.length - this.#head;
  }

  push(task: Task): void {
    this.#tasks.push(task);
  }

  /** Puts tasks that were taken and have not started in front of all others, in their old order. */
  putBack(tasks: readonly Task[]): void {
    this.#tasks = [...tasks, ...this.#tasks.slice(this.#head)];
    this.#head = 0;
  }

  shift(): Task | undefined {
    if (this.#head === this.#tasks.length) return undefined;
    const task = this.#tasks[this.#head];
    this.#tasks[this.#head++] = undefined;
    this.#giveBackRoom();
    return task;
  }

  takeAll(): Task[] {
    const tasks = this.#tasks.slice(this.#head) as Task[];
    this.#tasks = [];
    this.#head = 0;
    return tasks;
  }

  #giveBackRoom(): void {
    if (this.#head === this.#tasks.length) {
      this.#tasks.length = 0;
      this.#head = 0;
    } else if (this.#head > MAX_GAP && this.#head * 2 > this.#tasks.length) {
      this.#tasks = this.#tasks.slice(this.#head);
      this.#head = 0;
    }
  }
}
