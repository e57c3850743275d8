import { Fifo } from '../../util/fifo.js';
import type { Task } from '../task/task.js';

/** The tasks of one priority. */
interface Level {
  readonly priority: number;
  readonly tasks: Fifo<Task>;
}

/** Tasks that wait for a free slot: those of a higher priority first, and first come first served within one. */
export class TaskQueue {
  size = 0;
  /** In falling order of priority. The one of priority 0 stays, since most programs use no other; the others are not empty. */
  #levels: Level[] = [{ priority: 0, tasks: new Fifo() }];

  /** The priority of the task that is next. */
  get priority(): number {
    return this.#next?.priority ?? Number.NEGATIVE_INFINITY;
  }

  push(task: Task): void {
    this.#levelOf(task).tasks.push(task);
    this.size++;
  }

  shift(): Task | undefined {
    const level = this.#next;
    if (level === undefined) return undefined;
    this.size--;
    const task = level.tasks.shift();
    if (level.tasks.size === 0 && this.#levels.length > 1) this.#removeEmpty();
    return task;
  }

  /** Puts tasks that were taken and have not started in front of all others, in their old order. */
  putBack(tasks: readonly Task[]): void {
    for (const task of tasks.toReversed()) this.#levelOf(task).tasks.unshift(task);
    this.size += tasks.length;
  }

  /** Takes out all tasks for which `isWanted` holds. */
  cancel(isWanted: (task: Task) => boolean): Task[] {
    const cancelled = this.#levels.flatMap(({ tasks }) => tasks.remove(isWanted));
    this.size -= cancelled.length;
    this.#removeEmpty();
    return cancelled;
  }

  get #next(): Level | undefined {
    if (this.size === 0) return undefined;
    return this.#levels.length === 1 ? this.#levels[0] : this.#findNext();
  }

  #findNext(): Level | undefined {
    return this.#levels.find(({ tasks }) => tasks.size > 0);
  }

  #levelOf({ job: { priority } }: Task): Level {
    const [first] = this.#levels;
    return first?.priority === priority ? first : this.#findLevel(priority);
  }

  #findLevel(priority: number): Level {
    const index = this.#levels.findIndex((level) => level.priority <= priority);
    const found = this.#levels[index];
    if (found?.priority === priority) return found;
    const level = { priority, tasks: new Fifo<Task>() };
    this.#levels.splice(index === -1 ? this.#levels.length : index, 0, level);
    return level;
  }

  #removeEmpty(): void {
    this.#levels = this.#levels.filter(({ priority, tasks }) => priority === 0 || tasks.size > 0);
  }
}
