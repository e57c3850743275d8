/**
 * What the server sends to the page: plain data. Durations and ages are milliseconds, sizes bytes. Points in time are values
 * of the program's own `performance.now()`; `clock` is the value when the data was read.
 */
import type { HostFacts, PoolCounts, TaskOutcome } from '../observe/inspection.js';

/** The state of the program at one moment. */
export interface Snapshot {
  program: {
    /** Differs in each run. */
    id: string;
    pid: number;
    name: string;
    node: string;
    uptime: number;
  };
  clock: number;
  /** Whether the page may offer actions. */
  actions: boolean;
  pools: PoolSnapshot[];
}

/** What has come since the last message: the page keeps the rest. */
export interface Increment {
  clock: number;
  pools: { id: string; points: Point[]; spans: Span[] }[];
}

/** The counts at one moment. */
export type Point = [clock: number, done: number, failed: number, retried: number, queued: number, running: number];

/** One attempt of a task that has run. */
export type Span = [
  task: string,
  place: number,
  start: number,
  runTime: number,
  outcome: TaskOutcome,
  id: number,
  attempt: number,
  waitTime: number,
];

/** A pool, or a host of a distributed pool. */
export interface PoolSnapshot extends PoolCounts {
  /** Unique in the program. */
  id: string;
  name: string;
  kind: 'local' | 'distributed' | 'host';
  state: 'open' | 'paused' | 'closed' | 'ended';
  maxQueueSize?: number | undefined;
  sharedMemory?: { way: 'mapped' | 'pipe'; used: number; limit?: number | undefined } | undefined;
  /** One task of this many is measured. */
  sampling: number;
  /** From the call of a task to its start, and its run time, of the measured tasks of the last minute. */
  waitTime: Distribution;
  runTime: Distribution;
  processes: ProcessSnapshot[];
  /** What has happened to processes, the newest first. */
  processEvents: ProcessEvent[];
  /** The first maps and streams that have not ended, and the number of all of them. */
  maps: MapSnapshot[];
  streams: StreamSnapshot[];
  calls: number;
  slowest: SlowTaskSnapshot[];
  /** The newest first. */
  failures: FailureSnapshot[];
  /** Of a distributed pool: the time that the datastore takes to answer. */
  latency?: number | undefined;
  /** Of a distributed pool. */
  hosts?: HostSnapshot[] | undefined;
  /** Of a host. */
  host?: HostFacts | undefined;
}

/** The distribution of a duration. */
export interface Distribution {
  count: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
  /** The number of values in each bucket that has some, and its lower and upper limit. */
  buckets: [from: number, to: number, count: number][];
}

export interface ProcessSnapshot {
  pid: number | null;
  place: number;
  state: 'booting' | 'ready' | 'draining' | 'ended';
  restarts: number;
  age: number;
  running: number;
  prefetched: number;
  concurrency: number;
  done: number;
  failed: number;
  /** Resident memory; `null`: not known. */
  memory: number | null;
  /** The part of one core that it uses, from 0; `null`: not known. */
  cpu: number | null;
  /** The first of its tasks. Arguments are shown of those that run for a while. */
  tasks: { id: number; task: string; attempt: number; age: number; args?: string | undefined }[];
}

export interface ProcessEvent {
  clock: number;
  place: number;
  pid: number | null;
  /** `exited (failed), signal SIGKILL` */
  text: string;
  isFailure: boolean;
}

export interface MapSnapshot {
  id: number;
  task: string;
  age: number;
  done: number;
  failed: number;
  total: number | null;
  /** Items per second. */
  rate: number;
  isStalled: boolean;
}

export interface StreamSnapshot {
  id: number;
  task: string;
  age: number;
  items: number;
  waiting: number;
  isStalled: boolean;
}

export interface SlowTaskSnapshot {
  id: number;
  task: string;
  args: string;
  attempt: number;
  place: number;
  pid: number | null;
  runTime: number;
}

export interface FailureSnapshot {
  clock: number;
  id: number;
  task: string;
  args: string;
  attempt: number;
  pid: number | null;
  /** Its class and message on one line. */
  error: string;
  /** With its stack and its causes. */
  details: string;
}

/** What a host of a distributed pool tells the programs that watch it. */
export interface HostState {
  /** Its `performance.now()`. */
  clock: number;
  facts: HostFacts;
  /** The number of its processes: `pool` has the first ones. */
  processes: number;
  pool: PoolSnapshot;
}

/** A host of a distributed pool. */
export interface HostSnapshot extends HostState {
  name: string;
  /** The time since it told its state. */
  age: number;
  /** Tasks that end, a second; `null`: not known yet. */
  rate: number | null;
}

/** What the page asks for with `POST /actions`. */
export interface ActionRequest {
  pool: string;
  action: 'cancelMap' | 'cancelTask' | 'replaceProcess' | 'pause' | 'resume';
  /** The id of the map or task, or the process id. */
  id?: number;
}
