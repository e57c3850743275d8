import type { TaskStats } from '../observe/measurements.js';
import type { PoolWorker } from './pool-worker.js';
import type { EventLoopTimes } from './usage.js';

/** One process of a pool. */
export interface ProcessStats {
  pid: number | undefined;
  /** Which of the pool's processes it is, from 0. One that takes over from another has the same place. */
  place: number;
  /** How many processes were in this place before. */
  restarts: number;
  /** `draining`: it ends when its last tasks are answered. */
  state: 'booting' | 'ready' | 'draining' | 'ended';
  /** Tasks that were sent to it and are not answered: those that may run, and those that wait in it for a moment. */
  running: number;
  prefetched: number;
  done: number;
  failed: number;
  /** Its resident memory in bytes, at most 100 ms before it last answered. Only while somebody listens to tasks. */
  memory?: number;
  /** How busy its event loop was since it started, at that moment. The difference of two tells of the time between. */
  eventLoop?: EventLoopTimes;
}

/** A pool at one moment, as plain data. */
export interface PoolStats {
  /** The name of the pool. */
  name: string;
  processes: ProcessStats[];
  /** Tasks that wait for a free slot. */
  queued: number;
  /** Tasks that were sent to processes and are not answered. */
  running: number;
  /** Tasks that succeeded and failed since the pool was made. */
  done: number;
  failed: number;
  /** What was measured of the tasks that have run. Only with the option `measure`. */
  tasks?: TaskStats;
}

export function readStats(workers: readonly PoolWorker[], rest: Omit<PoolStats, 'processes' | 'running'>): PoolStats {
  const running = workers.reduce((sum, { inFlight }) => sum + inFlight, 0);
  return { ...rest, running, processes: workers.map(readProcess) };
}

function readProcess({
  pid,
  place,
  restarts,
  state,
  inFlight,
  concurrency,
  done,
  failed,
  usage,
}: PoolWorker): ProcessStats {
  const running = Math.min(inFlight, concurrency);
  return {
    pid,
    place,
    restarts,
    state,
    running,
    prefetched: inFlight - running,
    done,
    failed,
    ...(usage.memory !== undefined && { memory: usage.memory }),
    ...(usage.eventLoop !== undefined && { eventLoop: { ...usage.eventLoop } }),
  };
}
