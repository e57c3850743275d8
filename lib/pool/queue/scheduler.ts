/**
 * Names a queue of a pool.
 *
 * @since 0.2.0
 */
export type QueueId = number;

/**
 * Decides which queue of a pool takes a task; the processes of that queue run it.
 *
 * With one queue, the default, the process with the fewest tasks takes the next one. After the `Scheduler` of Python's
 * aiomultiprocess.
 *
 * @example
 * ```ts
 * // Small files go to the first queue, large ones to the second.
 * class BySize extends RoundRobin {
 *   override scheduleTask(_id: number, _fn: unknown, [file]: readonly unknown[]): QueueId {
 *     return (file as { size: number }).size < 1_000_000 ? 0 : 1;
 *   }
 * }
 * const pool = new Pool({ processes: 4, queueCount: 2, scheduler: new BySize() });
 * ```
 * @since 0.2.0
 */
export abstract class Scheduler {
  /** A queue was made. Called before any process or task. */
  abstract registerQueue(queue: object): QueueId;
  /** A process was given to a queue. Called when the pool is made, not again for a process that replaces another. */
  abstract registerProcess(id: QueueId): void;
  /** @returns the queue for a task: an id that {@link registerQueue} has returned. */
  abstract scheduleTask(taskId: number, fn: (...args: never[]) => unknown, args: readonly unknown[]): QueueId;
  /** A task has succeeded or failed. */
  abstract completeTask(taskId: number): void;
}

/**
 * The queues in turn, each as often as it has processes.
 *
 * @example
 * ```ts
 * const pool = new Pool({ processes: 4, queueCount: 2, scheduler: new RoundRobin() });
 * ```
 * @since 0.2.0
 */
export class RoundRobin extends Scheduler {
  readonly #turns: QueueId[] = [];
  #queues = 0;
  #next = 0;

  registerQueue(_queue: object): QueueId {
    return this.#queues++;
  }

  registerProcess(id: QueueId): void {
    this.#turns.push(id);
  }

  scheduleTask(_taskId: number, _fn: (...args: never[]) => unknown, _args: readonly unknown[]): QueueId {
    const id = this.#turns[this.#next] as QueueId;
    this.#next = (this.#next + 1) % this.#turns.length;
    return id;
  }

  completeTask(_taskId: number): void {}
}
