/**
 * The state of a distributed pool at one moment, as plain data. A broadcast counts as one task.
 *
 * @since 0.2.0
 */
export interface DistributedPoolStats {
  /** Tasks waiting in this process. */
  queued: number;
  /** Tasks in the datastore or on hosts. */
  sent: number;
  /** Hosts that have answered in the last five minutes. */
  hosts: number;
  /** Tasks that have succeeded since the pool was created. */
  done: number;
  /** Tasks that have failed since the pool was created. */
  failed: number;
}

/**
 * Whether a datastore answers.
 *
 * @since 0.2.0
 */
export type DatastoreState = 'ready' | 'degraded' | 'away';

/**
 * The state of a host at one moment, as plain data.
 *
 * @since 0.2.0
 */
export interface HostStats {
  /** Chunks of tasks that it has taken from the queue and not finished. */
  chunks: number;
  /** Tasks of these chunks that have not settled. */
  running: number;
  /** Tasks that have succeeded or failed since the host started. */
  done: number;
  /** Tasks that have failed since the host started. */
  failed: number;
  /** Jobs that the host has rejected. */
  refused: number;
  /** Chunks that the host has finished. */
  finishedChunks: number;
  /** Tasks that the host runs at a time. */
  slots: number;
  /**
   * Whether the datastore answers. `degraded`: its last answers failed, or are late. `away`: it has not answered for a
   * third of `heartbeatTimeout` and connections failed, or for all of that time.
   */
  datastore: DatastoreState;
  /** Time in milliseconds since the datastore answered; `null` before its first answer. */
  silence: number | null;
  /** How many milliseconds the clock of this machine is ahead of the datastore's. */
  clockSkew: number;
  /** Time in milliseconds until the first lease of the callers ends for which it runs tasks; `null` if it runs none. */
  lease: number | null;
}
