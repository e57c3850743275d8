import { PinnedTasks } from './pinned-tasks.js';
import type { PoolWorker } from './pool-worker.js';
import { RestartPolicy } from './restart-policy.js';
import type { QueueId } from './scheduler.js';
import type { Task } from './task.js';

/** The place of one process in the pool, and who has it. */
export class Place {
  readonly index: number;
  readonly queueId: QueueId;
  /** How many processes were started for it. */
  started = 0;
  worker: PoolWorker | undefined;
  /** The one before, whose last tasks still run. */
  draining: PoolWorker | undefined;
  /** The one that takes over as soon as it is ready. */
  successor: PoolWorker | undefined;
  /** When a successor may be started. */
  renewableAt = 0;
  /** Whether there is enough to do for it. */
  isWanted: boolean;
  readonly restarts: RestartPolicy;
  timer: NodeJS.Timeout | undefined;
  error: unknown;
  /** What the next process must run. */
  readonly #pinned = new PinnedTasks();

  constructor(index: number, queueId: QueueId, isWanted: boolean, startTimeout: number) {
    this.restarts = new RestartPolicy(startTimeout);
    this.index = index;
    this.queueId = queueId;
    this.isWanted = isWanted;
  }

  get workers(): PoolWorker[] {
    return [this.worker, this.draining, this.successor].filter((each) => each !== undefined);
  }

  /** Gives the task to the process that is here, or to the next one: processes of other places never have it. */
  pin(task: Task): void {
    if (this.worker === undefined) this.#pinned.add(task);
    else this.worker.pin(task);
  }

  occupy(worker: PoolWorker): void {
    worker.predecessor = this.draining;
    this.worker = worker;
    this.#movePinned();
  }

  /** The worker takes no more tasks; another will come. */
  vacate(worker: PoolWorker): void {
    this.draining = worker;
    this.worker = undefined;
    for (const task of worker.unpin()) this.#pinned.add(task);
  }

  #movePinned(): void {
    for (let task = this.#pinned.shift(); task !== undefined; task = this.#pinned.shift()) this.pin(task);
  }

  /** Takes out those of the tasks that wait for its next process that `isWanted` names. */
  remove(isWanted: (task: Task) => boolean): Task[] {
    return this.#pinned.remove(isWanted);
  }
}
