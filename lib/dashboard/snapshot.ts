/**
 * What the server sends to the page: plain data, mostly as it was read of the pools (`lib/observe/inspection.ts`). What is
 * `undefined` is missing in it. Durations and ages are milliseconds, sizes bytes. Points in time are values
 * of the program's own `performance.now()`; `clock` is the value when the data was read.
 */
import type {
  HostFacts,
  InspectedPool,
  MapReading,
  PoolActions,
  PoolReading,
  ProcessReading,
  RunningTaskReading,
  StreamReading,
  TaskOutcome,
} from '../observe/inspection.js';
import type { SlowTask } from '../observe/measure/slowest-tasks.js';

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
export interface PoolSnapshot extends Omit<PoolReading, 'state' | 'processes' | 'maps' | 'streams'> {
  /** Unique in the program. */
  id: string;
  name: string;
  kind: InspectedPool['kind'];
  state: PoolReading['state'] | 'ended';
  /** From the call of a task to its start, and its run time, of the measured tasks of the last minute. */
  waitTime: Distribution;
  runTime: Distribution;
  processes: ProcessSnapshot[];
  /** What has happened to processes, the newest first. */
  processEvents: ProcessEvent[];
  maps: MapSnapshot[];
  streams: StreamSnapshot[];
  slowest: SlowTask[];
  /** The newest first. */
  failures: FailureSnapshot[];
  /** Of a distributed pool: the time that the datastore takes to answer. */
  latency: number | undefined;
  /** Of a distributed pool. */
  hosts: HostSnapshot[] | undefined;
  /** Of a host. */
  host: HostFacts | undefined;
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

export interface ProcessSnapshot extends Omit<ProcessReading, 'active' | 'tasks'> {
  /** The part of one core that it uses, from 0. */
  cpu: number | undefined;
  tasks: RunningTaskSnapshot[];
}

/** Arguments are shown of tasks that run for a while. */
export interface RunningTaskSnapshot extends Omit<RunningTaskReading, 'args'> {
  args?: string | undefined;
}

export interface ProcessEvent {
  clock: number;
  place: number;
  pid: number | undefined;
  /** `exited (failed), signal SIGKILL` */
  text: string;
  isFailure: boolean;
}

export interface MapSnapshot extends Omit<MapReading, 'startedAt' | 'progress'> {
  age: number;
  done: number;
  failed: number;
  /** Items per second. */
  rate: number;
}

export interface StreamSnapshot extends Omit<StreamReading, 'startedAt'> {
  age: number;
}

export interface FailureSnapshot {
  clock: number;
  id: number;
  task: string;
  args: string;
  attempt: number;
  pid: number | undefined;
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
  /** Tasks that end, a second; `undefined`: not known yet. */
  rate: number | undefined;
}

/** What the page asks for with `POST /actions`. */
export interface ActionRequest {
  pool: string;
  action: keyof PoolActions;
  /** The id of the map or task, or the process id. */
  id?: number;
}
