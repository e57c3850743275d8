/**
 * What a dashboard reads of a pool, and does with it. Pools implement it; a dashboard knows no more of them. Durations and
 * ages are milliseconds, sizes bytes, points in time values of `performance.now()`.
 */
import type { Emitter } from '../util/emitter.js';
import type { EndedInfo, PoolEvents } from './events.js';
import type { ProgressSource } from './progress/progress.js';

/** How an attempt of a task ended. */
export type TaskOutcome = 'succeeded' | 'failed' | 'retried' | 'cancelled';

/** A task that has run: one of a sample of all tasks, or one that took long (`isFollowed`). */
export interface SampledEvent {
  outcome: TaskOutcome;
  isFollowed: boolean;
  info: EndedInfo;
}

/** The numbers that are read once a second while no page is open. */
export interface PoolCounts {
  /** Tasks that wait in this process. */
  queued: number;
  /** Tasks that were sent to processes or hosts and are not answered. */
  running: number;
  done: number;
  failed: number;
  retried: number;
}

/** A task that a process has. */
export interface RunningTaskReading {
  id: number;
  task: string;
  args: readonly unknown[];
  attempt: number;
  /** The time since it was sent. */
  age: number;
}

/** One process. */
export interface ProcessReading {
  pid: number | undefined;
  place: number;
  state: 'booting' | 'ready' | 'draining' | 'ended';
  restarts: number;
  age: number;
  running: number;
  prefetched: number;
  concurrency: number;
  done: number;
  failed: number;
  memory: number | undefined;
  /** The busy time of its event loop so far. */
  active: number | undefined;
  /** Those that it was sent first. */
  tasks: RunningTaskReading[];
}

/** A map that has not ended. Its `progress` is read as that of a progress bar. */
export interface MapReading {
  id: number;
  task: string;
  startedAt: number;
  /** Waits for its consumer to take results. */
  isStalled: boolean;
  progress: ProgressSource;
  /** The number of its items, if it is known before they were read. */
  total: number | undefined;
}

/** A stream that has not ended. */
export interface StreamReading {
  id: number;
  task: string;
  startedAt: number;
  /** Waits for its consumer to take items. */
  isStalled: boolean;
  /** The number of items that have come, and of those that wait for the consumer. */
  items: number;
  waiting: number;
}

/** A pool while a page is open. */
export interface PoolReading extends PoolCounts {
  state: 'open' | 'paused' | 'closed';
  /** The most tasks that may wait; `undefined`: no limit. */
  maxQueueSize: number | undefined;
  sharedMemory: { way: 'mapped' | 'pipe'; used: number; limit: number | undefined } | undefined;
  /** One task of this many is measured. */
  sampling: number;
  processes: ProcessReading[];
  /** The first of the maps and streams that have not ended, and the number of all of them. */
  maps: MapReading[];
  streams: StreamReading[];
  calls: number;
}

/** What a person can do. Each returns whether there was such a thing. */
export interface PoolActions {
  cancelMap(id: number): boolean;
  cancelTask(id: number): boolean;
  /** Another process takes the place; this one exits when it has answered its tasks. */
  replaceProcess(pid: number): boolean;
  pause(): boolean;
  resume(): boolean;
}

/** What a host of a distributed pool knows beside its pool. */
export interface HostFacts {
  /** Tasks that it runs at a time. */
  slots: number;
  /** Callers whose chunks it has, and whose leases it therefore watches. */
  leases: number;
  /** Chunks that it has, and the numbers of tasks in the last ones that have begun. */
  chunks: number;
  chunkSizes: number[];
  /** How long the datastore takes to answer it; `undefined`: not known. */
  latency: number | undefined;
}

/** The longest {@link HostReading.text}, in characters. */
export const MAX_HOST_STATE = 128 * 1024;

/** The state of a host of a distributed pool, as it came through the datastore. */
export interface HostReading {
  name: string;
  /** The time since it came. */
  age: number;
  /** As `lib/dashboard/collect/host-state.ts` writes it, but anyone may have written it. */
  text: string;
  /** Reports that the text is invalid, and drops it. */
  refuse(reason: Error): void;
}

/** A pool that a dashboard can show. */
export interface InspectedPool {
  readonly name: string;
  readonly kind: 'local' | 'distributed' | 'host';
  readonly events: Pick<Emitter<PoolEvents>, 'on' | 'off'>;
  readonly ended: Promise<void>;
  readonly actions: PoolActions;
  count(): PoolCounts;
  read(): PoolReading;
  /** Starts to follow tasks. @returns a function to call a few times a second, and one that ends it. */
  watch(listener: (event: SampledEvent) => void): { adapt(): void; end(): void };
  /** The hosts of a distributed pool, while it is watched, and how long the datastore takes to answer. */
  hosts?(): { hosts: HostReading[]; latency: number | undefined };
  /** Of the pool of a host. */
  facts?(): HostFacts | undefined;
}

/** The pools of this program that have not ended, in the order in which they were made. */
export const openPools = new Set<InspectedPool>();
