/**
 * The state of a host as text, which goes through the datastore. Its size is bounded, and anyone may have written what comes
 * back, so every value of it is checked.
 */
import { type HostFacts, MAX_HOST_STATE } from '../../observe/inspection.js';
import type { SlowTask } from '../../observe/measure/slowest-tasks.js';
import { isObject } from '../../util/guards.js';
import type {
  Distribution,
  FailureSnapshot,
  HostState,
  PoolSnapshot,
  ProcessSnapshot,
  RunningTaskSnapshot,
} from '../snapshot.js';

/** What a state has at most. */
const MAX_PROCESSES = 128;
const MAX_TASKS = 3;
const MAX_FAILURES = 5;
const MAX_SLOWEST = 5;
const MAX_LIST = 256;
/** The longest names, arguments and error messages, and the longest stack, in characters. */
const MAX_TEXT = 300;
const MAX_DETAILS = 1500;

/** Describes a host in at most {@link MAX_HOST_STATE} characters: of very many processes the first ones. */
export function writeHostState(clock: number, facts: HostFacts, pool: PoolSnapshot): string {
  for (let kept = MAX_PROCESSES; ; kept = Math.floor(kept / 2)) {
    const state: HostState = { clock, facts, processes: pool.processes.length, pool: shorten(pool, kept) };
    const text = JSON.stringify(state);
    if (text.length <= MAX_HOST_STATE || kept === 0) return text;
  }
}

function shorten(pool: PoolSnapshot, processes: number): PoolSnapshot {
  return {
    ...pool,
    ...NOT_SENT,
    name: cut(pool.name),
    processes: pool.processes.slice(0, processes).map(shortenProcess),
    slowest: pool.slowest
      .slice(0, MAX_SLOWEST)
      .map((each) => ({ ...each, task: cut(each.task), args: cut(each.args) })),
    failures: pool.failures.slice(0, MAX_FAILURES).map(shortenFailure),
  };
}

function shortenProcess(process: ProcessSnapshot): ProcessSnapshot {
  const tasks = process.tasks
    .slice(0, MAX_TASKS)
    .map(({ args, ...task }) => ({ ...task, task: cut(task.task), args: args && cut(args) }));
  return { ...process, tasks };
}

function shortenFailure(failure: FailureSnapshot): FailureSnapshot {
  const { task, args, error, details } = failure;
  return { ...failure, task: cut(task), args: cut(args), error: cut(error), details: cut(details, MAX_DETAILS) };
}

function cut(text: string, length = MAX_TEXT): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** What the page does not show of a host. */
const NOT_SENT: Partial<PoolSnapshot> = {
  id: '',
  kind: 'host',
  processEvents: [],
  maps: [],
  streams: [],
  calls: 0,
  sharedMemory: undefined,
  latency: undefined,
  hosts: undefined,
  host: undefined,
};

/** Checks a value, and copies what is known of it. @throws TypeError that says what was expected. */
type Read<T> = (value: unknown) => T;

const number: Read<number> = (value) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('expected a number');
  return value;
};

function text(longest = MAX_TEXT): Read<string> {
  return (value) => {
    if (typeof value !== 'string' || value.length > longest) {
      throw new TypeError(`expected a string of at most ${longest} characters`);
    }
    return value;
  };
}

function oneOf<T extends string>(...names: readonly T[]): Read<T> {
  return (value) => {
    const found = names.find((name) => name === value);
    if (found === undefined) throw new TypeError(`expected one of ${names.join(', ')}`);
    return found;
  };
}

function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value) => (value === undefined ? undefined : read(value));
}

function constant<T>(value: T): Read<T> {
  return () => value;
}

function list<T>(longest: number, read: Read<T>): Read<T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > longest) {
      throw new TypeError(`expected an array of at most ${longest} elements`);
    }
    return value.map(read);
  };
}

function object<T extends object>(fields: { readonly [Name in keyof T]-?: Read<T[Name]> }): Read<T> {
  const all = Object.entries(fields) as [string, Read<unknown>][];
  return (value) => {
    if (!isObject(value)) throw new TypeError('expected an object');
    return Object.fromEntries(all.map(([name, read]) => [name, readField(name, read, value[name])])) as T;
  };
}

function readField(name: string, read: Read<unknown>, value: unknown): unknown {
  try {
    return read(value);
  } catch (error) {
    throw new TypeError(`${name}: ${(error as Error).message}`);
  }
}

const optionalNumber = optional(number);

const bucket: Read<[number, number, number]> = (value) => {
  const [from, to, count] = list(3, number)(value);
  return [number(from), number(to), number(count)];
};

const distribution = object<Distribution>({
  count: number,
  p50: number,
  p90: number,
  p99: number,
  max: number,
  buckets: list(MAX_LIST, bucket),
});

const process = object<ProcessSnapshot>({
  pid: optionalNumber,
  place: number,
  state: oneOf('booting', 'ready', 'draining', 'ended'),
  restarts: number,
  age: number,
  running: number,
  prefetched: number,
  concurrency: number,
  done: number,
  failed: number,
  memory: optionalNumber,
  cpu: optionalNumber,
  tasks: list(
    MAX_TASKS,
    object<RunningTaskSnapshot>({
      id: number,
      task: text(),
      attempt: number,
      age: number,
      args: optional(text()),
    }),
  ),
});

const slowTask = object<SlowTask>({
  id: number,
  task: text(),
  args: text(),
  attempt: number,
  place: number,
  pid: optionalNumber,
  runTime: number,
});

const failure = object<FailureSnapshot>({
  clock: number,
  id: number,
  task: text(),
  args: text(),
  attempt: number,
  pid: optionalNumber,
  error: text(),
  details: text(MAX_DETAILS),
});

const pool = object<PoolSnapshot>({
  id: constant(''),
  name: text(),
  kind: constant('host'),
  state: oneOf('open', 'paused', 'closed', 'ended'),
  queued: number,
  running: number,
  done: number,
  failed: number,
  retried: number,
  maxQueueSize: optionalNumber,
  sharedMemory: constant(undefined),
  sampling: number,
  waitTime: distribution,
  runTime: distribution,
  processes: list(MAX_PROCESSES, process),
  processEvents: constant([]),
  maps: constant([]),
  streams: constant([]),
  calls: constant(0),
  slowest: list(MAX_SLOWEST, slowTask),
  failures: list(MAX_FAILURES, failure),
  latency: constant(undefined),
  hosts: constant(undefined),
  host: constant(undefined),
});

const hostState = object<HostState>({
  clock: number,
  facts: object<HostFacts>({
    slots: number,
    leases: number,
    chunks: number,
    chunkSizes: list(MAX_LIST, number),
    latency: optionalNumber,
  }),
  processes: number,
  pool,
});

/**
 * Reads what {@link writeHostState} has written. Copies only what it knows.
 *
 * @throws SyntaxError, TypeError if it is invalid.
 */
export function readHostState(state: string): HostState {
  return hostState(JSON.parse(state));
}
