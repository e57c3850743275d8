import type { PoolWorker } from './pool-worker.js';

/** One process of a pool. */
export interface ProcessStats {
  pid: number | undefined;
  /** `draining`: it ends when its last tasks are answered. */
  state: 'booting' | 'ready' | 'draining' | 'ended';
  /** Tasks that were sent to it and are not answered. */
  running: number;
  done: number;
  failed: number;
}

/** A pool at one moment, as plain data. */
export interface PoolStats {
  processes: ProcessStats[];
  /** Tasks that wait for a free slot. */
  queued: number;
  running: number;
  /** Tasks that succeeded and failed since the pool was made. */
  done: number;
  failed: number;
}

export function readStats(workers: readonly PoolWorker[], counts: Omit<PoolStats, 'processes' | 'running'>): PoolStats {
  const processes = workers.map(({ pid, state, inFlight, done, failed }) => ({
    pid,
    state,
    running: inFlight,
    done,
    failed,
  }));
  return { processes, running: processes.reduce((sum, { running }) => sum + running, 0), ...counts };
}
