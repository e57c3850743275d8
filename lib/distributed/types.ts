import type { PoolEvents, TaskInfo } from '../observe/events.js';

/** What happens to the connection of a distributed pool. */
export interface ConnectionEvents {
  /**
   * The connection to the datastore was lost, or what came from it cannot be read. Connections are opened again by
   * themselves; what was asked for waits.
   */
  connectionError: (error: Error) => void;
}

/**
 * The events of a distributed pool: those of a `Pool` that are about tasks, as far as the program that asks for them can
 * know. Which process runs a task, and when, its host knows.
 */
export interface DistributedPoolEvents
  extends ConnectionEvents,
    Pick<PoolEvents, 'taskError' | 'taskQueued' | 'taskFailed' | 'taskCancelled'> {
  taskSucceeded: (info: TaskInfo) => void;
}

/** A distributed pool at one moment, as plain data. */
export interface DistributedPoolStats {
  /** Tasks that wait in this process. */
  queued: number;
  /** Tasks that are in the datastore or on hosts. */
  sent: number;
  /** Hosts that have answered in the last five minutes. */
  hosts: number;
  /** Tasks that succeeded and failed since the pool was made. */
  done: number;
  failed: number;
}

/** The events of a host. */
export interface HostEvents {
  /** The connection to the datastore was lost, or it refused something. The host goes on. */
  error: (error: Error) => void;
  /** A job was refused: it is forged, damaged, or of another version. */
  refused: (reason: Error, jobId: string) => void;
}

/** A host at one moment, as plain data. */
export interface HostStats {
  /** Chunks of tasks that it has taken from the queue, and the tasks of them that are not done. */
  chunks: number;
  running: number;
  /** Since it was started: tasks that succeeded and failed, chunks, and jobs that were refused. */
  done: number;
  failed: number;
  refused: number;
  finishedChunks: number;
}
