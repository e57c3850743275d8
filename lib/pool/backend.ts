import type { MapOrder } from './map/pool-map.js';
import type { PoolResult } from './map/pool-result.js';
import type { CallOptions } from './task/call.js';
import type { Job } from './task/job.js';

/** Where the tasks of a pool run: processes of this machine, or the hosts of a queue. */
export interface Backend {
  /** Resolves when all its processes and connections have ended, after {@link close} or {@link terminate}. */
  readonly ended: Promise<void>;
  apply<R>(job: Job, args: readonly unknown[], options: CallOptions | undefined): Promise<R>;
  map<R>(order: Omit<MapOrder, 'slots' | 'maxWaitingBytes'>): PoolResult<R>;
  /** Finishes maps and streams although no consumer may be there to take their results. */
  ignorePace(): void;
  /** Takes no further work; ends when all is settled. */
  close(): void;
  /** Rejects what is pending, and ends. */
  terminate(): void;
}
