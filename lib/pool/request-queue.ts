import { Fifo } from './fifo.js';
import type { Task } from './task.js';

interface Lane {
  readonly priority: number;
  readonly tasks: Fifo<Task>;
}

/** Tasks waiting for a free slot: those of a higher priority first, and first come first served within one. */
export class RequestQueue {
  size = 0;
  /** In falling order of priority. One stays, for most programs have no other; of the others none is empty. */
  #lanes: Lane[] = [{ priority: 0, tasks: new Fifo() }];

  /** That of the task that is next. */
  get priority(): number {
    return this.#next?.priority ?? Number.NEGATIVE_INFINITY;
  }

  push(task: Task): void {
    this.#laneOf(task).tasks.push(task);
    this.size++;
  }

  shift(): Task | undefined {
    const lane = this.#next;
    if (lane === undefined) return undefined;
    this.size--;
    const task = lane.tasks.shift();
    if (lane.tasks.size === 0 && this.#lanes.length > 1) this.#removeEmpty();
    return task;
  }

  /** Puts tasks that were taken and have not started in front of all others, in their old order. */
  putBack(tasks: readonly Task[]): void {
    for (const task of tasks.toReversed()) this.#laneOf(task).tasks.unshift(task);
    this.size += tasks.length;
  }

  /** Takes out all tasks that `isWanted` names. */
  remove(isWanted: (task: Task) => boolean): Task[] {
    const removed = this.#lanes.flatMap(({ tasks }) => tasks.remove(isWanted));
    this.size -= removed.length;
    this.#removeEmpty();
    return removed;
  }

  get #next(): Lane | undefined {
    return this.size === 0 ? undefined : this.#lanes.length === 1 ? this.#lanes[0] : this.#findNext();
  }

  #findNext(): Lane | undefined {
    return this.#lanes.find(({ tasks }) => tasks.size > 0);
  }

  #laneOf({ job: { priority } }: Task): Lane {
    const [first] = this.#lanes;
    return first?.priority === priority ? first : this.#findLane(priority);
  }

  #findLane(priority: number): Lane {
    const index = this.#lanes.findIndex((lane) => lane.priority <= priority);
    const found = this.#lanes[index];
    if (found?.priority === priority) return found;
    const lane = { priority, tasks: new Fifo<Task>() };
    this.#lanes.splice(index === -1 ? this.#lanes.length : index, 0, lane);
    return lane;
  }

  #removeEmpty(): void {
    this.#lanes = this.#lanes.filter(({ priority, tasks }) => priority === 0 || tasks.size > 0);
  }
}
