import type { PoolEvents, TaskInfo } from '../observe/events.js';

/** Events of the connection of a distributed pool. */
export interface ConnectionEvents {
  /**
   * The connection to the datastore was lost, or the pool received an invalid message. Lost connections reopen
   * automatically, and calls wait meanwhile.
   */
  connectionError: (error: Error) => void;
  /**
   * The clock of this machine is ahead of the datastore's by this many milliseconds (behind, if negative): more than a
   * second. Nothing depends on it, but times in logs do not agree.
   */
  clockSkew: (skew: number) => void;
  /**
   * Tasks wait, and no host of the queue has answered for five seconds: there is none, or the name of the queue is wrong.
   * Emitted once until a host answers. The option `hostTimeout` rejects the tasks.
   */
  noHosts: (queue: string) => void;
}

/**
 * The events of a distributed pool: the events of a `Pool` about tasks, as far as the calling program can know them. Only
 * the host knows which process runs a task, and when.
 *
 * @since 0.2.0
 */
export interface DistributedPoolEvents
  extends ConnectionEvents,
    Pick<PoolEvents, 'taskError' | 'taskQueued' | 'taskFailed' | 'taskCancelled'> {
  /** A task has returned a result. */
  taskSucceeded: (info: TaskInfo) => void;
}

/**
 * The events of a host.
 *
 * @since 0.2.0
 */
export interface HostEvents {
  /** The connection to the datastore was lost, or the datastore rejected a command. The host keeps running. */
  error: (error: Error) => void;
  /** The host rejected a job: it is forged, damaged, or of another version. */
  refused: (reason: Error, jobId: string) => void;
  /**
   * The clock of this machine is ahead of the datastore's by this many milliseconds (behind, if negative): more than a
   * second. Nothing depends on it, but times in logs do not agree.
   */
  clockSkew: (skew: number) => void;
}
