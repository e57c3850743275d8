/** The options of `DistributedPool` and `Host`. */

import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DASHBOARD_OPTIONS, type DashboardOptions } from '../dashboard/options.js';
import { MAX_WAITING_BYTES } from '../pool/map/pool-map.js';
import { POOL_OPTIONS, type PoolOptions } from '../pool/options/pool-options.js';
import { isObject } from '../util/guards.js';
import { MAX_DELAY } from '../util/keep-alive.js';
import {
  bytes,
  type Check,
  checkOptions,
  type DocumentedTable,
  integer,
  milliseconds,
  path,
  readOptions,
  wholeMilliseconds,
} from '../util/validation.js';
import { type Connection, checkConnection } from './wire/connection-options.js';
import { MAX_CHUNK } from './wire/messages.js';
import { checkShards, listShards, type Shard, type ShardOptions } from './wire/shards.js';

/** The options that the callers and hosts of a queue have in common. */
interface SharedOptions {
  /** Name of the queue, the same for callers and hosts. It must not contain a colon. */
  queue: string;
  /**
   * URL of the datastore: `redis://…`, `rediss://…` or `postgres://…`. Or a connection of BullMQ: options of ioredis or
   * pg, or a client of either. With an array, the queue is spread over all these datastores.
   */
  connection: Connection | readonly Connection[];
  /**
   * Number of BullMQ queues over which a Redis Cluster spreads the queue, the same for callers and hosts: the number of its
   * masters, or a multiple. `connection` then names one of its nodes.
   */
  shards?: number;
  /** Prefix of the keys in Redis. Default: `bull`. */
  prefix?: string;
  /**
   * Folder that the names of functions are relative to. A function is named by the path of its module from there, so
   * the same code lies under it on every machine. Default: the working directory.
   */
  root?: string | URL;
  /** Size limit in bytes of the arguments, and of the result, of one task. Default: 1048576. */
  maxValueSize?: number;
  /**
   * Time in milliseconds to wait for a datastore that is away, restarts, or is out of memory. Then calls reject with a
   * `QueueError`, and a host that is starting gives up. A running host waits without limit. Default: 300000.
   */
  datastoreTimeout?: number;
  /**
   * Time in milliseconds within which a connection to the datastore that has become silent is noticed, and replaced.
   * Default: 30000.
   */
  heartbeatTimeout?: number;
}

/**
 * The options of a `DistributedPool`.
 *
 * @since 0.2.0
 */
export interface DistributedPoolOptions extends SharedOptions {
  /**
   * Time limit of a task in milliseconds; 0: no limit. The `timeout` of a call overrides it. Default: `taskTimeout` of
   * the host's pool.
   */
  taskTimeout?: number;
  /**
   * Number of times a failed task is retried. The `retries` of a call override it. Default: `retries` of the host's
   * pool.
   */
  retries?: number;
  /**
   * Time in milliseconds that a call, or a whole map, may take including the time that its tasks wait; 0: no limit. It
   * then rejects with `TaskExpiredError`. The `expires` of a call overrides it. Default: 0.
   */
  expires?: number;
  /**
   * Time in milliseconds after which tasks reject with `QueueError` if no host of the queue has answered; 0: they wait
   * for a host. Default: 0.
   */
  hostTimeout?: number;
  /** Number of tasks that are sent together, at most 1000. Default: as many as keep a host busy for about 100 ms. */
  chunkSize?: number;
  /**
   * Time in milliseconds without a sign of life after which a caller counts as dead: its tasks are dropped or aborted.
   * It counts by the clock of the datastore. Default: 60000.
   */
  leaseDuration?: number;
  /**
   * Size limit in bytes of the arguments and results of this pool in the datastore, and of the results of a map over a
   * stream that wait for a slow consumer in this process. The results of running tasks count by the size of earlier ones.
   * Default: 67108864.
   */
  maxWaitingBytes?: number;
  /**
   * Opens the dashboard of the program, a page that shows all its pools, and the hosts of this one; its address is printed on
   * stderr. With options: as `pool.dashboard()`. Default: `false`.
   */
  dashboard?: boolean | DashboardOptions;
}

/**
 * The options of a `Host`.
 *
 * @since 0.2.0
 */
export interface HostOptions extends SharedOptions {
  /** Modules whose exported functions may be called. Paths are relative to the working directory. */
  modules: readonly (string | URL)[];
  /** Options of the pool that runs the tasks. Default: `{}`. */
  pool?: PoolOptions;
  /**
   * Shards that the host takes tasks from, by their index: the first datastore of `connection`, or the first of `shards`,
   * is 0. Default: all shards.
   */
  takeFrom?: readonly number[];
  /**
   * Name of the host in messages, to which a random part is added: containers may have equal names. Default: name of the
   * machine and process id.
   */
  name?: string;
  /** Port for `/healthz` and `/metrics`; 0: any free port. Default: no port. */
  port?: number;
  /** Address that the port listens on. Default: `'127.0.0.1'`. */
  address?: string;
  /**
   * Time in milliseconds that running tasks have to end when the host closes, before they return to the queue. Default:
   * 30000.
   */
  gracePeriod?: number;
  /** Time in milliseconds without a sign of life after which another host may run a host's jobs. Default: 30000. */
  lockDuration?: number;
  /** Interval in milliseconds between searches for the jobs of dead hosts. Default: 30000. */
  stalledInterval?: number;
  /**
   * Rate limit over all hosts of the queue: `max` tasks begin in `duration` milliseconds. Give all hosts the same.
   * Default: no limit.
   */
  rateLimit?: {
    /** Number of tasks that may begin. */
    max: number;
    /** The time in milliseconds. */
    duration: number;
  };
  /** Number of hosts that a job may take down before its tasks fail with `HostLostError`. Default: 3. */
  maxStalledCount?: number;
}

const text: Check<string> = {
  type: 'string',
  expected: 'a string that is not empty',
  accepts: (value): value is string => typeof value === 'string' && value !== '',
};

const queueName: Check<string> = {
  type: 'string',
  expected: 'a name of 1 to 200 characters without a colon',
  accepts: (value): value is string => typeof value === 'string' && /^[^:]{1,200}$/.test(value),
};

const connection: Check<SharedOptions['connection']> = {
  type: 'URL, object or array',
  expected:
    'a URL that starts with redis://, rediss:// or postgres://, connection options of BullMQ, or an array of these',
  accepts: (value): value is SharedOptions['connection'] =>
    Array.isArray(value) ? value.length > 0 && value.every(isConnection) : isConnection(value),
};

function isConnection(value: unknown): value is Connection {
  return (typeof value === 'string' && /^(rediss?|postgres(ql)?):\/\/\S+$/i.test(value)) || isObject(value);
}

const shardIndexes: Check<number[]> = {
  type: 'array of integers',
  expected: 'an array of shards, by their index from 0, each once',
  accepts: (value): value is number[] =>
    Array.isArray(value) &&
    value.length > 0 &&
    new Set(value).size === value.length &&
    value.every((each) => Number.isSafeInteger(each) && each >= 0),
};

const modules: Check<(string | URL)[]> = {
  type: 'array of paths or `file:` URLs',
  expected: 'an array of paths or file: URLs that is not empty',
  accepts: (value): value is (string | URL)[] =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((each) => (typeof each === 'string' && each !== '') || each instanceof URL),
};

const pool: Check<PoolOptions> = {
  type: 'object',
  expected: 'options of a Pool',
  accepts: (value): value is PoolOptions => isObject(value),
};

const rateLimit: Check<{ max: number; duration: number }> = {
  type: '`{ max, duration }`',
  expected: 'an object with `max`, a number of tasks, and `duration`, milliseconds, both integers of at least 1',
  accepts: (value): value is { max: number; duration: number } =>
    isObject(value) &&
    Object.keys(value).sort().join() === 'duration,max' &&
    [value.max, value.duration].every((each) => Number.isSafeInteger(each) && Number(each) >= 1) &&
    Number(value.duration) <= MAX_DELAY,
};

/** Anything shorter is all overhead. */
const SHORTEST_DURATION = 100;
/** Queries that take longer fail. */
const SHORTEST_HEARTBEAT = 1000;

/** Each shard has connections of its own. */
const MAX_SHARDS = 100;

/** Stands for a limit that the pool of the host decides. */
export const HOST_DECIDES = -1;

export const SHARED_OPTIONS = {
  queue: {
    check: queueName,
    required: true,
    flag: '-q, --queue <name>',
    description: 'Name of the queue, the same for callers and hosts. It must not contain a colon.',
  },
  connection: {
    check: connection,
    required: true,
    flag: '--connection <url>',
    variable: 'AIOMULTIPROCESS_CONNECTION',
    description:
      'URL of the datastore: `redis://…`, `rediss://…` or `postgres://…`. Or a connection of BullMQ: options of ' +
      'ioredis or pg, or a client of either. With an array, the queue is spread over all these datastores.',
  },
  shards: {
    check: integer(1, MAX_SHARDS),
    defaultText: '',
    flag: '--shards <n>',
    description:
      'Number of BullMQ queues over which a Redis Cluster spreads the queue, the same for callers and hosts: the number ' +
      'of its masters, or a multiple. `connection` then names one of its nodes.',
  },
  prefix: {
    check: text,
    defaultText: '`bull`',
    flag: '--prefix <text>',
    description: 'Prefix of the keys in Redis.',
  },
  root: {
    check: path,
    default: () => process.cwd(),
    defaultText: 'the working directory',
    flag: '--root <folder>',
    description:
      'Folder that the names of functions are relative to. A function is named by the path of its module from there, ' +
      'so the same code lies under it on every machine.',
  },
  maxValueSize: {
    check: bytes(1),
    default: 1024 * 1024,
    flag: '--max-value-size <size>',
    description: 'Size limit of the arguments, and of the result, of one task.',
  },
  datastoreTimeout: {
    check: wholeMilliseconds(SHORTEST_DURATION),
    default: 300_000,
    flag: '--datastore-timeout <time>',
    description:
      'Time to wait for a datastore that is away, restarts, or is out of memory. Then calls reject with a `QueueError`, ' +
      'and a host that is starting gives up. A running host waits without limit.',
  },
  heartbeatTimeout: {
    check: wholeMilliseconds(SHORTEST_HEARTBEAT),
    default: 30_000,
    flag: '--heartbeat-timeout <time>',
    description: 'Time within which a connection to the datastore that has become silent is noticed, and replaced.',
  },
} as const satisfies DocumentedTable<SharedOptions>;

export const DISTRIBUTED_POOL_OPTIONS = {
  ...SHARED_OPTIONS,
  taskTimeout: {
    check: milliseconds,
    default: HOST_DECIDES,
    defaultText: "`taskTimeout` of the host's pool",
    description: 'Time limit of a task; 0: no limit. The `timeout` of a call overrides it.',
  },
  retries: {
    check: integer(0),
    default: HOST_DECIDES,
    defaultText: "`retries` of the host's pool",
    description: 'Number of times a failed task is retried. The `retries` of a call override it.',
  },
  expires: {
    check: milliseconds,
    default: 0,
    description:
      'Time that a call, or a whole map, may take including the time that its tasks wait; 0: no limit. It then rejects ' +
      'with `TaskExpiredError`. The `expires` of a call overrides it.',
  },
  hostTimeout: {
    check: milliseconds,
    default: 0,
    description:
      'Time after which tasks reject with `QueueError` if no host of the queue has answered; 0: they wait for a host.',
  },
  chunkSize: {
    check: integer(1, MAX_CHUNK),
    defaultText: 'as many as keep a host busy for about 100 ms',
    description: `Number of tasks that are sent together, at most ${MAX_CHUNK}.`,
  },
  leaseDuration: {
    check: wholeMilliseconds(SHORTEST_DURATION),
    default: 60_000,
    description:
      'Time without a sign of life after which a caller counts as dead: its tasks are dropped or aborted. ' +
      'It counts by the clock of the datastore.',
  },
  maxWaitingBytes: {
    check: bytes(1),
    default: MAX_WAITING_BYTES,
    description:
      'Size limit of the arguments and results of this pool in the datastore, and of the results of a map over ' +
      '[a stream](pool.md#streams) that wait for a slow consumer in this process. The results of running tasks count by ' +
      'the size of earlier ones.',
  },
  dashboard: {
    check: POOL_OPTIONS.dashboard.check,
    default: false,
    description:
      'Opens [the dashboard](dashboard.md#distributed-pools) of the program, a page that shows all its pools, and the ' +
      'hosts of this one; its address is printed on stderr. With [options](dashboard.md#options): as `pool.dashboard()`.',
  },
} as const satisfies DocumentedTable<DistributedPoolOptions>;

export const HOST_OPTIONS = {
  ...SHARED_OPTIONS,
  modules: {
    check: modules,
    required: true,
    description: 'Modules whose exported functions may be called. Paths are relative to the working directory.',
  },
  pool: {
    check: pool,
    default: {},
    defaultText: '`{}`',
    description: 'Options of [the pool](pool.md#options) that runs the tasks.',
  },
  takeFrom: {
    check: shardIndexes,
    defaultText: 'all shards',
    flag: '--take-from <indexes>',
    description:
      'Shards that the host takes tasks from, by their index: the first datastore of `connection`, or the first of ' +
      '`shards`, is 0.',
  },
  name: {
    check: text,
    default: () => `${hostname()}-${process.pid}`,
    defaultText: 'name of the machine and process id',
    flag: '--name <name>',
    description: 'Name of the host in messages, to which a random part is added: containers may have equal names.',
  },
  port: {
    check: integer(0, 65_535),
    defaultText: 'no port',
    flag: '--port <n>',
    description: 'Port for `/healthz` and `/metrics`; 0: any free port.',
  },
  address: {
    check: text,
    default: '127.0.0.1',
    flag: '--address <ip>',
    description: 'Address that the port listens on.',
  },
  gracePeriod: {
    check: milliseconds,
    default: 30_000,
    flag: '--grace-period <time>',
    description: 'Time that running tasks have to end when the host closes, before they return to the queue.',
  },
  lockDuration: {
    check: wholeMilliseconds(SHORTEST_DURATION),
    default: 30_000,
    flag: '--lock-duration <time>',
    description: "Time without a sign of life after which another host may run a host's jobs.",
  },
  stalledInterval: {
    check: wholeMilliseconds(SHORTEST_DURATION),
    default: 30_000,
    flag: '--stalled-interval <time>',
    description: 'Interval between searches for the jobs of dead hosts.',
  },
  rateLimit: {
    check: rateLimit,
    defaultText: 'no limit',
    flag: '--rate-limit <n/time>',
    description:
      'Rate limit over all hosts of the queue: `max` tasks begin in `duration` milliseconds. Give all hosts the same.',
  },
  maxStalledCount: {
    check: integer(0),
    default: 3,
    flag: '--max-stalled-count <n>',
    description: 'Number of hosts that a job may take down before its tasks fail with `HostLostError`.',
  },
} as const satisfies DocumentedTable<HostOptions>;

export type ReadDistributedPoolOptions = ReturnType<typeof readDistributedPoolOptions>;

/** @throws TypeError that names the option and what it accepts. */
export function readDistributedPoolOptions(options: DistributedPoolOptions) {
  const read = readOptions('DistributedPool', options, DISTRIBUTED_POOL_OPTIONS);
  const { dashboard } = read;
  if (typeof dashboard === 'object') {
    checkOptions('DistributedPool: option "dashboard"', dashboard, DASHBOARD_OPTIONS);
  }
  return { ...read, shards: readShards('DistributedPool', read), root: readFolder(read.root) };
}

/** @throws TypeError that names the option and what it accepts. */
export function readHostOptions(options: HostOptions) {
  const read = readOptions('Host', options, HOST_OPTIONS);
  const shards = readShards('Host', read);
  const { takeFrom = shards.map((_, index) => index) } = read;
  const taken = takeFrom.map((index) => shards[index]).filter((shard) => shard !== undefined);
  if (taken.length < takeFrom.length) {
    throw new TypeError(`Host: option "takeFrom": expected indexes below ${shards.length}, got ${takeFrom.join(', ')}`);
  }
  // Callers tell hosts apart by their names.
  const name = `${read.name}-${randomBytes(3).toString('hex')}`;
  return { ...read, name, shards: taken, shardCount: shards.length, root: readFolder(read.root) };
}

function readShards(what: string, options: ShardOptions & Pick<SharedOptions, 'prefix'>): Shard[] {
  checkShards(what, options);
  const shards = listShards(options);
  for (const { connection } of shards) checkConnection(what, connection, options.prefix, options.shards !== undefined);
  return shards;
}

function readFolder(root: string | URL): string {
  return realPath(resolve(isUrl(root) ? fileURLToPath(root) : root));
}

/** The path without symbolic links, by which Node.js names the modules that it imports. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // The import of a missing file explains the failure better.
    return path;
  }
}

export function isUrl(value: string | URL): value is URL {
  return typeof value !== 'string' || value.startsWith('file:');
}
