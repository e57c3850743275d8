import type { QueueId } from '../queue/scheduler.js';
import type { Task } from '../task/task.js';
import type { ChildHandle } from '../worker/child-handle.js';
import { RestartPolicy } from './restart-policy.js';

/** One of the pool's processes, whichever child is in it at the moment. */
export class Seat {
  readonly index: number;
  readonly queueId: QueueId;
  /** How many children were started for it. */
  started = 0;
  child: ChildHandle | undefined;
  /** The child before, whose last tasks still run. */
  draining: ChildHandle | undefined;
  /** The child that takes over as soon as it is ready. */
  successor: ChildHandle | undefined;
  /** When a successor may be started. */
  renewableAt = 0;
  /** Whether there is enough to do for it. */
  isWanted: boolean;
  readonly restarts: RestartPolicy;
  timer: NodeJS.Timeout | undefined;
  error: unknown;
  /** Tasks that only a child of this seat may run, in the order in which they came. */
  #pinned: Task[] = [];
  readonly #everPinned = new WeakSet<Task>();

  constructor(index: number, queueId: QueueId, isWanted: boolean, startTimeout: number) {
    this.restarts = new RestartPolicy(startTimeout);
    this.index = index;
    this.queueId = queueId;
    this.isWanted = isWanted;
  }

  get children(): ChildHandle[] {
    return [this.child, this.draining, this.successor].filter((each) => each !== undefined);
  }

  occupy(child: ChildHandle): void {
    child.predecessor = this.draining;
    this.child = child;
  }

  /** The child takes no further tasks; another will come. */
  vacate(child: ChildHandle): void {
    this.draining = child;
    this.child = undefined;
  }

  /** Has a child of this seat run the task. */
  pin(...tasks: Task[]): void {
    for (const task of tasks) this.#everPinned.add(task);
    this.#pinned.push(...tasks);
  }

  get hasPinned(): boolean {
    return this.#pinned.length > 0;
  }

  isPinned(task: Task): boolean {
    return this.#everPinned.has(task);
  }

  /** Sends the pinned tasks, unless the child may have to be killed: they might have to run twice then. */
  sendPinned(onFailure: (task: Task, error: unknown, child: ChildHandle) => void): void {
    const { child } = this;
    if (child === undefined) return;
    while (child.takesPinned) {
      const task = this.#pinned.shift();
      if (task === undefined) break;
      try {
        child.send(task);
      } catch (error) {
        onFailure(task, error, child);
      }
    }
    child.flush();
  }

  /** Takes out the pinned tasks that were not sent and for which `isWanted` holds. */
  cancel(isWanted: (task: Task) => boolean): Task[] {
    const cancelled = this.#pinned.filter(isWanted);
    this.#pinned = this.#pinned.filter((task) => !cancelled.includes(task));
    return cancelled;
  }
}
