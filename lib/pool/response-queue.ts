import { ProtocolError } from '../errors.js';
import type { Task } from './task.js';

/** The tasks that were sent to one child and whose results are on their way, in the order in which they were sent. */
export class ResponseQueue {
  readonly #tasks = new Map<number, Task>();

  get size(): number {
    return this.#tasks.size;
  }

  add(task: Task): void {
    this.#tasks.set(task.id, task);
  }

  /** @throws {@link ProtocolError} if no such task was sent, or it was answered before. */
  take(id: number): Task {
    const task = this.#tasks.get(id);
    if (task === undefined) throw new ProtocolError(`a child answered task ${String(id)}, which it does not have`);
    this.#tasks.delete(id);
    return task;
  }

  peek(id: number): Task | undefined {
    return this.#tasks.get(id);
  }

  takeAll(): Task[] {
    const tasks = [...this.#tasks.values()];
    this.#tasks.clear();
    return tasks;
  }
}
