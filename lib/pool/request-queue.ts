import type { Task } from './task.js';

/** One long array would be old when most of its tasks are young, which is what costs a garbage collector most. */
const CHUNK_SIZE = 512;

/** Tasks waiting for a free slot, first come first served. */
export class RequestQueue {
  size = 0;
  /** None is empty. */
  #chunks: Task[][] = [];
  /** The place of the first task in the first chunk. */
  #head = 0;

  push(task: Task): void {
    const last = this.#chunks.at(-1);
    if (last === undefined || last.length === CHUNK_SIZE) this.#chunks.push([task]);
    else last.push(task);
    this.size++;
  }

  shift(): Task | undefined {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return undefined;
    const task = chunk[this.#head++];
    this.size--;
    if (this.#head === chunk.length) {
      this.#chunks.shift();
      this.#head = 0;
    }
    return task;
  }

  /** Puts tasks that were taken and have not started in front of all others, in their old order. */
  putBack(tasks: readonly Task[]): void {
    const waiting = this.takeAll();
    for (const task of tasks) this.push(task);
    for (const task of waiting) this.push(task);
  }

  takeAll(): Task[] {
    const tasks = this.#chunks.flat().slice(this.#head);
    this.#chunks = [];
    this.#head = 0;
    this.size = 0;
    return tasks;
  }
}
