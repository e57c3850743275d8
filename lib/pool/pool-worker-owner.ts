import type { Ending } from './ending.js';
import type { PoolWorker } from './pool-worker.js';
import type { Task } from './task.js';

/** What becomes of the tasks of a {@link PoolWorker}, and of itself. */
export interface PoolWorkerOwner {
  onReady(worker: PoolWorker): void;
  onResult(task: Task, value: unknown): void;
  onFailure(task: Task, error: unknown, worker: PoolWorker): void;
  /** A task has run for as long as it may. */
  onTimeout(task: Task, worker: PoolWorker): void;
  /** The import of the module of a task has taken as long as it may. */
  onOverdue(task: Task, worker: PoolWorker): void;
  /** Answers were handled, or the pipe has room again: it may take more. */
  onRoom(worker: PoolWorker): void;
  /** It should be replaced while it still runs. */
  onWorn(worker: PoolWorker): void;
  /** It was sent the last task it may run. */
  onExhausted(worker: PoolWorker): void;
  /** It has had nothing to do for a while. */
  onIdle(worker: PoolWorker): void;
  onEnd(worker: PoolWorker, ending: Ending): void;
}
