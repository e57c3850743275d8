import type { TaskStats } from '../observe/measure/task-stats.js';
import type { ChildHandle } from './worker/child-handle.js';
import type { EventLoopTimes } from './worker/usage.js';

/**
 * One process of a pool.
 *
 * @since 0.2.0
 */
export interface ProcessStats {
  /** Its process id; `undefined` if it could not be started. */
  pid: number | undefined;
  /** Which of the pool's processes it is, from 0. A process that takes over from another has the same place. */
  place: number;
  /** How many processes had this place before. */
  restarts: number;
  /** `draining`: it exits when its last tasks are answered. */
  state: 'booting' | 'ready' | 'draining' | 'ended';
  /** How long ago it was started, in milliseconds. */
  age: number;
  /** Tasks that it was sent and has not answered, as far as they may run at a time. */
  running: number;
  /** Further tasks that it was sent, which wait in it for a moment. */
  prefetched: number;
  /** Tasks that succeeded in it. */
  done: number;
  /** Tasks that failed in it. */
  failed: number;
  /** Its resident memory in bytes, at most 100 ms before it last answered. Only while events of tasks have a listener. */
  memory?: number;
  /** How busy its event loop was since it started, at that moment. Subtract two of them for the time between. */
  eventLoop?: EventLoopTimes;
}

/**
 * A pool at one moment, as plain data.
 *
 * @since 0.2.0
 */
export interface PoolStats {
  /** The name of the pool. */
  name: string;
  /** Whether it starts no tasks because of `pause()`. */
  isPaused: boolean;
  /** The processes that run now or are being started. */
  processes: ProcessStats[];
  /** Tasks that wait for a free slot, or, after a failure, for their next attempt. */
  queued: number;
  /** Tasks that were sent to processes and are not answered. */
  running: number;
  /** Tasks that succeeded since the pool was made. */
  done: number;
  /** Tasks that failed since the pool was made. */
  failed: number;
  /** Failed attempts that were followed by another one. */
  retried: number;
  /** How large values travel to the processes that run now. */
  sharedMemory: {
    /** Through shared memory (`mapped`), or through the `pipe`. */
    way: 'mapped' | 'pipe';
    /** The size of the values that the processes have not taken yet, in bytes. */
    used: number;
  };
  /** Measurements of the tasks that have run. Only with the option `measure`. */
  tasks?: TaskStats;
}

export function readStats(
  children: readonly ChildHandle[],
  rest: Omit<PoolStats, 'processes' | 'running' | 'sharedMemory'>,
): PoolStats {
  const running = children.reduce((sum, { inFlight }) => sum + inFlight, 0);
  return { ...rest, running, processes: children.map(readProcess), sharedMemory: readMemory(children) };
}

function readMemory(children: readonly ChildHandle[]): PoolStats['sharedMemory'] {
  const sizes = children.flatMap(({ sharedBytes }) => sharedBytes ?? []);
  return { way: sizes.length > 0 ? 'mapped' : 'pipe', used: sizes.reduce((sum, size) => sum + size, 0) };
}

function readProcess({
  pid,
  place,
  restarts,
  state,
  age,
  inFlight,
  concurrency,
  done,
  failed,
  usage,
}: ChildHandle): ProcessStats {
  const running = Math.min(inFlight, concurrency);
  return {
    pid,
    place,
    restarts,
    state,
    age,
    running,
    prefetched: inFlight - running,
    done,
    failed,
    ...(usage && { memory: usage.memory, eventLoop: { ...usage.eventLoop } }),
  };
}
