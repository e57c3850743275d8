/** The options of a pool: their documentation for editors, and the table that defines each of them. */
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { DASHBOARD_OPTIONS, type DashboardOptions } from '../../dashboard/options.js';
import {
  INITIALIZER_OPTIONS,
  type InitializerOptions,
  pickSpawnOptions,
  type ReadSpawnOptions,
  SPAWN_OPTIONS,
  type SpawnOptions,
} from '../../process/options.js';
import type { BlockSettings } from '../../shared-memory/mapped-blocks.js';
import { isObject } from '../../util/guards.js';
import {
  boolean,
  bytes,
  type Check,
  callback,
  checkOptions,
  type DocumentedTable,
  integer,
  list,
  milliseconds,
  oneOf,
  path,
  readOptions,
  string,
  type WithDefaults,
  wholeMilliseconds,
} from '../../util/validation.js';
import { MAX_WAITING_BYTES } from '../map/pool-map.js';
import { RoundRobin, Scheduler } from '../queue/scheduler.js';

/**
 * The options of a pool.
 *
 * The spellings of Python's aiomultiprocess, the original of this package, are accepted too: `maxtasksperchild`, …
 *
 * @since 0.2.0
 */
export interface PoolOptions extends SpawnOptions, InitializerOptions, PythonSpellings {
  /** Number of processes that run tasks. Default: `os.availableParallelism()`. */
  processes?: number;
  /**
   * Most tasks that each process runs at a time. It runs fewer of those that compute: as many as keep it busy.
   * `{ fixed: n }`: always up to n. Default: 16.
   */
  childConcurrency?:
    | number
    | {
        /** The number of tasks that each process runs at a time, whether they compute or wait. */
        fixed: number;
      };
  /** Time limit of a task in milliseconds; 0: no limit. The `timeout` of a call overrides it. Default: 0. */
  taskTimeout?: number;
  /** Number of times a failed task is retried. The `retries` of a call override it. Default: 0. */
  retries?: number;
  /** Time in milliseconds that a cancelled task has to end before its process is killed. Default: 5000. */
  cancelGracePeriod?: number;
  /**
   * Whether programs that tasks started are killed together with their process: on `terminate()`, after a crash, and
   * because of a cancelled task. Linux only. Default: `true`.
   */
  killTree?: boolean;
  /** Number of tasks of `apply` that may wait for a free slot. Default: no limit. */
  maxQueueSize?: number;
  /** What an `apply` beyond `maxQueueSize` does: reject with `QueueFullError`, or wait. Default: `'reject'`. */
  onFull?: 'reject' | 'wait';
  /**
   * Size in bytes that results of a map over a stream may have while they wait for a slow consumer. The results of
   * tasks that run already come in addition. Default: 67108864.
   */
  maxWaitingBytes?: number;
  /**
   * How large values travel. `limit`: how many bytes of shared memory values under way may take, for each process and
   * direction. `threshold`: from how many bytes on a value travels there, at least 16 KiB. `views`: whether Buffers and
   * typed arrays arrive as views of that memory instead of copies, also an option of each call. `false`: all values go
   * through the pipe. Default: `{ limit: 268435456, threshold: 65536, views: false }`.
   */
  sharedMemory?:
    | false
    | {
        /** Bytes that values under way may take, for each process and direction. Default: 268435456 (256 MiB). */
        limit?: number;
        /** Size in bytes from which a value travels in shared memory, at least 16 KiB. Default: 65536 (64 KiB). */
        threshold?: number;
        /** Whether Buffers and typed arrays arrive as views instead of copies. Default: `false`. */
        views?: boolean;
      };
  /** Number of tasks after which a process is replaced; 0: never. Default: 0. */
  maxTasksPerChild?: number;
  /**
   * Resident memory in bytes above which a process is replaced; 0: no limit. It is measured while the process answers
   * tasks. Default: 0.
   */
  maxMemoryPerChild?: number;
  /** Age in milliseconds at which a process is replaced; 0: never. Default: 0. */
  maxAge?: number;
  /**
   * Number of processes that run even without tasks. More start, up to `processes`, when there are tasks for them.
   * Default: `processes`.
   */
  minProcesses?: number;
  /** Time in milliseconds after which an idle process beyond `minProcesses` exits. Default: 10000. */
  idleTimeout?: number;
  /**
   * Runs in each process that became ready, before its graceful exit; may be async. Must be an export of a module.
   *
   * It is the counterpart of `initializer`. A process exits gracefully when the pool is closed or terminated, when
   * another process replaces it, and when it has been idle for `idleTimeout`; by then the signals of running tasks have
   * aborted. The finalizer does not run in a process that crashes, or is busy when the pool is terminated. An error that
   * it throws becomes the event `finalizerError`; no promise rejects.
   */
  finalizer?: (...args: never[]) => unknown;
  /** Arguments of `finalizer`. */
  finalargs?: readonly unknown[];
  /**
   * Time limit of `finalizer` in milliseconds, from 1 to 3600000. Default: 5000.
   *
   * On `terminate()`, and at the end of a program that has not closed the pool, the limit is at most five seconds.
   */
  finalizerTimeout?: number;
  /**
   * Receives the original error of each task that throws: in the child process if it is an export of a module, in this
   * process if it is a closure.
   */
  exceptionHandler?: (error: unknown) => unknown;
  /** Number of queues that the processes share, at most `processes`. Default: 1. */
  queueCount?: number;
  /** Chooses a queue for each task. Default: `new RoundRobin()`. */
  scheduler?: Scheduler;
  /** Propagates values of the caller's asynchronous context into its tasks. */
  contextPropagation?: ContextPropagation;
  /** Measures tasks and processes from the start, for `insights()` and the times in `stats()`. Default: `false`. */
  measure?: boolean;
  /**
   * A file for a trace of the pool, in the trace-event format of Chrome. Perfetto (https://ui.perfetto.dev) shows it.
   */
  trace?: string | URL;
  /**
   * Opens the dashboard of the program, a page that shows all its pools; its address is printed on stderr. With options: as
   * `pool.dashboard()`. Default: `false`.
   */
  dashboard?: boolean | DashboardOptions;
  /**
   * Name of the pool in errors, traces and metrics; if set, also the `process.title` of its processes.
   * Default: `Pool-1`, `Pool-2`, …
   */
  name?: string;
}

/**
 * Propagates the caller's `AsyncLocalStorage` value into its tasks.
 *
 * @example
 * ```ts
 * export const traceId = new AsyncLocalStorage<string>();
 * export const runWithTraceId = (id: string, task: () => unknown) => traceId.run(id, task);
 *
 * const contextPropagation = { capture: () => traceId.getStore(), run: runWithTraceId };
 * ```
 * @since 0.2.0
 */
export interface ContextPropagation {
  /** Called in the context of each call. Its result is sent like an argument, unless it is `undefined`. */
  capture: () => unknown;
  /**
   * Runs in the child process: calls `task` in the context that it restores from `captured`, and returns its result. Must
   * be an export of a module, like a task.
   */
  run: (captured: never, task: () => unknown) => unknown;
}

interface PythonSpellings {
  /** The Python spelling of `maxTasksPerChild`. */
  maxtasksperchild?: number;
  /** The Python spelling of `childConcurrency`. */
  childconcurrency?:
    | number
    | {
        /** As in `childConcurrency`. */
        fixed: number;
      };
  /** The Python spelling of `queueCount`. */
  queuecount?: number;
  /** The Python spelling of `exceptionHandler`. */
  exception_handler?: (error: unknown) => unknown;
  /** The Python spelling of `loopInitializer`. */
  loop_initializer?: () => unknown;
}

/** The options under their own names. */
type Options = Omit<PoolOptions, keyof PythonSpellings>;

const scheduler: Check<Scheduler> = {
  type: '`Scheduler`',
  expected: 'a Scheduler',
  accepts: (value) => value instanceof Scheduler,
};

const contextPropagation: Check<ContextPropagation> = {
  type: 'object',
  expected: 'an object with the functions "capture" and "run"',
  accepts: (value): value is ContextPropagation => {
    const { capture, run } = (value ?? {}) as Partial<ContextPropagation>;
    return typeof capture === 'function' && typeof run === 'function';
  },
};

const dashboard: Check<boolean | DashboardOptions> = {
  type: 'boolean or options',
  expected: 'true, false or options of the dashboard',
  accepts: (value): value is boolean | DashboardOptions => typeof value === 'boolean' || isObject(value),
};

const DEFAULT_MEMORY: MemorySettings = { limit: 256 * 1024 * 1024, threshold: 64 * 1024, views: false };

const concurrency: Check<number | { fixed: number }> = {
  type: 'integer or object',
  expected: 'an integer of at least 1, or `{ fixed: n }` with one',
  accepts: (value): value is number | { fixed: number } =>
    isObject(value) ? Object.keys(value).join() === 'fixed' && isCount(value.fixed) : isCount(value),
};

const isCount = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 1;

const memorySettings: Check<Partial<MemorySettings> | false> = {
  type: '`false` or object',
  expected: '`false` or an object with `limit` and `threshold`, numbers of bytes, and `views`, a boolean',
  accepts: (value): value is Partial<MemorySettings> | false =>
    value === false || (isObject(value) && Object.entries(value).every(([name, setting]) => isSetting(name, setting))),
};

function isSetting(name: string, setting: unknown): boolean {
  if (name === 'views') return typeof setting === 'boolean';
  return ['limit', 'threshold'].includes(name) && Number.isSafeInteger(setting) && (setting as number) > 0;
}

/** More processes than any machine can use: a larger number is a mistake, and would exhaust this one. */
const MAX_PROCESSES = 32_768;

let created = 0;

/** In the order of the documentation. Those that processes have too are defined in `process/options.ts`. */
export const POOL_OPTIONS = {
  processes: {
    check: integer(1, MAX_PROCESSES),
    default: () => availableParallelism(),
    defaultText: '`os.availableParallelism()`',
    flag: '-p, --processes <n>',
    description: 'Number of processes that run tasks.',
  },
  childConcurrency: {
    check: concurrency,
    default: 16,
    python: 'childconcurrency',
    flag: '-c, --concurrency <n>',
    description:
      'Most tasks that each process runs at a time. It runs [fewer of those that compute](#how-many-at-a-time): ' +
      'as many as keep it busy. `{ fixed: n }`: always up to n.',
  },
  taskTimeout: {
    check: milliseconds,
    default: 0,
    flag: '--timeout <time>',
    description: 'Time limit of a task; 0: no limit. The `timeout` of a call overrides it.',
  },
  retries: {
    check: integer(0),
    default: 0,
    flag: '--retries <n>',
    description: 'Number of times a failed task is [retried](#retries). The `retries` of a call override it.',
  },
  cancelGracePeriod: {
    check: milliseconds,
    default: 5000,
    description: 'Time that a [cancelled](#cancellation-and-time-limits) task has to end before its process is killed.',
  },
  killTree: {
    check: boolean,
    default: true,
    description:
      'Whether programs that tasks started [are killed](reliability.md#the-rules) together with their process: on ' +
      '`terminate()`, after a crash, and because of a cancelled task. Linux only.',
  },
  maxQueueSize: {
    check: integer(1),
    default: Number.POSITIVE_INFINITY,
    defaultText: 'no limit',
    description: 'Number of tasks of `apply` that may wait for a free slot.',
  },
  onFull: {
    check: oneOf('reject', 'wait'),
    default: 'reject',
    description: 'What an `apply` beyond `maxQueueSize` does: reject with `QueueFullError`, or wait.',
  },
  maxWaitingBytes: {
    check: bytes(1),
    default: MAX_WAITING_BYTES,
    description:
      'Size that results of a map over [a stream](#streams) may have while they wait for a slow consumer. The results ' +
      'of tasks that run already come in addition.',
  },
  sharedMemory: {
    check: memorySettings,
    default: {},
    defaultText: '`{ limit: 268435456, threshold: 65536, views: false }`',
    description:
      'How [large values](shared-memory.md#large-values) travel. `limit`: how many bytes of shared memory values under ' +
      'way may take, for each process and direction. `threshold`: from how many bytes on a value travels there, at least 16 KiB. ' +
      '`views`: whether Buffers and typed arrays arrive as views of that memory instead of copies, also an option of ' +
      'each call. `false`: all values go through the pipe.',
  },
  maxTasksPerChild: {
    check: integer(0),
    default: 0,
    python: 'maxtasksperchild',
    flag: '--max-tasks-per-child <n>',
    description: 'Number of tasks after which a process is replaced; 0: never.',
  },
  maxMemoryPerChild: {
    check: bytes(0),
    default: 0,
    flag: '--max-memory-per-child <size>',
    description:
      'Resident memory above which a process is replaced; 0: no limit. It is measured while the process answers tasks.',
  },
  maxAge: { check: milliseconds, default: 0, description: 'Age at which a process is replaced; 0: never.' },
  minProcesses: {
    check: integer(0),
    default: ({ processes }) => processes,
    defaultText: '`processes`',
    description:
      'Number of processes that run even without tasks. More start, up to `processes`, when there are tasks for them.',
  },
  idleTimeout: {
    check: milliseconds,
    default: 10_000,
    description: 'Time after which an idle process beyond `minProcesses` exits.',
  },
  ...INITIALIZER_OPTIONS,
  finalizer: {
    check: callback(),
    description:
      'Runs in each process that became ready, before its graceful exit; may be async. Must be an export of a module.',
  },
  finalargs: { check: list, requires: 'finalizer', description: 'Arguments of `finalizer`.' },
  finalizerTimeout: {
    check: wholeMilliseconds(1, 3_600_000),
    default: 5000,
    description: 'Time limit of `finalizer`, from 1 to 3600000.',
  },
  exceptionHandler: {
    check: callback(),
    python: 'exception_handler',
    description:
      'Receives the original error of each task that throws: in the child process if it is an export of a module, in ' +
      'this process if it is a closure.',
  },
  queueCount: {
    check: integer(1),
    default: 1,
    python: 'queuecount',
    description: 'Number of queues that the processes share, at most `processes`.',
  },
  scheduler: {
    check: scheduler,
    default: () => new RoundRobin(),
    defaultText: '`new RoundRobin()`',
    description: 'Chooses a queue for each task.',
  },
  ...SPAWN_OPTIONS,
  contextPropagation: {
    check: contextPropagation,
    description: "Propagates [values of the caller's asynchronous context](observability.md#tracing) into its tasks.",
  },
  measure: {
    check: boolean,
    default: false,
    description:
      '[Measures](observability.md#measurements) tasks and processes from the start, for `insights()` and the times ' +
      'in `stats()`.',
  },
  trace: {
    check: path,
    description:
      'A file for [a trace](observability.md#traces) of the pool, in the trace-event format of Chrome. ' +
      'Perfetto (https://ui.perfetto.dev) shows it.',
  },
  dashboard: {
    check: dashboard,
    default: false,
    flag: '--dashboard [port]',
    description:
      'Opens [the dashboard](dashboard.md) of the program, a page that shows all its pools; its address is printed on ' +
      'stderr. With [options](dashboard.md#options): as `pool.dashboard()`.',
  },
  name: {
    check: string,
    default: () => `Pool-${++created}`,
    defaultText: '`Pool-1`, `Pool-2`, …',
    description: 'Name of the pool in errors, traces and metrics; if set, also the `process.title` of its processes.',
  },
} as const satisfies DocumentedTable<Options>;

/** The options of a pool with their defaults. */
export type ReadPoolOptions = Omit<WithDefaults<Options, typeof POOL_OPTIONS>, 'childConcurrency'> & {
  /** Unique over all pools; what the keys of its tasks start with. */
  id: string;
  /** The most tasks that a process runs at a time; whether it does so whatever they do. */
  childConcurrency: number;
  isConcurrencyFixed: boolean;
  spawn: ReadSpawnOptions;
  /** `undefined`: all values go through the pipe. */
  memory: MemorySettings | undefined;
};

/** How large values travel. */
interface MemorySettings extends BlockSettings {
  /** Whether the receiver keeps views of shared memory instead of copies, unless a call decides for itself. */
  views: boolean;
}

/** @throws TypeError or RangeError that names the option and what it accepts. */
export function readPoolOptions(options: PoolOptions): ReadPoolOptions {
  const read = readOptions<Options, typeof POOL_OPTIONS>('Pool', options, POOL_OPTIONS);
  const { processes, minProcesses, queueCount } = read;
  if (queueCount > processes) throw new RangeError('queue count must be <= process count');
  if (minProcesses > processes) {
    throw new RangeError(
      `Pool: option "minProcesses": expected at most "processes", which is ${processes}, got ${minProcesses}`,
    );
  }
  // Each queue needs a process that stays.
  if (minProcesses < queueCount && queueCount > 1) {
    throw new RangeError(
      `Pool: option "minProcesses": expected at least "queueCount", which is ${queueCount}, got ${minProcesses}`,
    );
  }
  if (typeof read.dashboard === 'object') checkOptions('Pool: option "dashboard"', read.dashboard, DASHBOARD_OPTIONS);
  const { sharedMemory, childConcurrency } = read;
  const isConcurrencyFixed = typeof childConcurrency === 'object';
  const memory = sharedMemory === false ? undefined : { ...DEFAULT_MEMORY, ...sharedMemory };
  return {
    ...read,
    id: randomUUID().replaceAll('-', ''),
    childConcurrency: isConcurrencyFixed ? childConcurrency.fixed : childConcurrency,
    isConcurrencyFixed,
    spawn: pickSpawnOptions(read, options.name),
    memory,
  };
}
