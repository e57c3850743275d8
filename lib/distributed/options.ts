import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConnectionOptions, PostgresConnectionOptions } from 'bullmq';
import { MAX_DELAY } from '../keep-alive.js';
import { integer, type OptionTable, readOptions, time } from '../options.js';
import type { PoolOptions } from '../pool/options.js';
import { MAX_CHUNK } from './messages.js';

/** What callers and hosts of one queue have in common. */
interface SharedOptions {
  /** The name of the queue: the same for callers and hosts. No colon may be in it. */
  queue: string;
  /**
   * `redis://…`, `rediss://…` or `postgres://…`, or what BullMQ takes as its connection: options of ioredis or pg, or a
   * client of theirs.
   */
  connection: string | ConnectionOptions | PostgresConnectionOptions;
  /** What the keys in Redis begin with. Default `bull`. */
  prefix?: string;
  /**
   * Functions are known by the path of their module from this folder, and their name: the same code lies under it on
   * every machine. Default: the working directory.
   */
  root?: string | URL;
  /** The most bytes that the arguments or the result of one task may take. Default 1 MiB. */
  maxValueSize?: number;
}

/** The options of a {@link DistributedPool}. */
export interface DistributedPoolOptions extends SharedOptions {
  /** How long a task may run, in milliseconds, where a call does not say. Default: `taskTimeout` of the host's pool. */
  taskTimeout?: number;
  /** How often a task that failed is run again, where a call does not say. Default: `retries` of the host's pool. */
  retries?: number;
  /**
   * How many tasks travel together. Default: as many as keep a host busy for about 50 ms, as far as is known of the
   * function.
   */
  chunkSize?: number;
  /**
   * A caller that gives no sign of life for so many milliseconds is taken for dead: its tasks are dropped or aborted.
   * The clocks of all machines must agree to within half of it. Default 60000.
   */
  leaseDuration?: number;
}

/** The options of a {@link Host}. */
export interface HostOptions extends SharedOptions {
  /** The modules whose exported functions may be called. Paths are relative to the working directory. */
  modules: readonly (string | URL)[];
  /** The options of the pool that runs the tasks. */
  pool?: PoolOptions;
  /** What the host calls itself in the metrics and to callers. Default: the name of the machine and the process id. */
  name?: string;
  /** A port for `/healthz` and `/metrics`; 0: any free one. Default: none. */
  port?: number;
  /** The address that the port listens on. Default `127.0.0.1`. */
  address?: string;
  /** How long {@link Host.close} lets tasks run before it gives them back, in milliseconds. Default 30000. */
  gracePeriod?: number;
  /** BullMQ: a job whose host gives no sign of life for so many milliseconds may be run by another. Default 30000. */
  lockDuration?: number;
  /** BullMQ: how often such jobs are looked for, in milliseconds. Default 30000. */
  stalledInterval?: number;
  /** BullMQ: how many hosts a job may take down before it fails with `HostLostError`. Default 3. */
  maxStalledCount?: number;
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? undefined : 'a string');

const SHARED: OptionTable = {
  queue: (value) =>
    typeof value === 'string' && /^[^:]{1,200}$/.test(value)
      ? undefined
      : 'a name of 1 to 200 characters, none a colon',
  connection: (value) =>
    (typeof value === 'string' && /^(rediss?|postgres(ql)?):\/\//i.test(value)) ||
    (typeof value === 'object' && value !== null)
      ? undefined
      : 'a URL that starts with redis://, rediss:// or postgres://, or connection options of BullMQ',
  prefix: text,
  root: (value) => (typeof value === 'string' || value instanceof URL ? undefined : 'a path or file: URL'),
  maxValueSize: integer(1),
};

/** Milliseconds; shorter than this is all overhead. */
const duration = integer(100, MAX_DELAY);

const CALLER: OptionTable = {
  ...SHARED,
  taskTimeout: time,
  retries: integer(0),
  chunkSize: integer(1, MAX_CHUNK),
  leaseDuration: duration,
};

const HOST: OptionTable = {
  ...SHARED,
  modules: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((each) => (typeof each === 'string' && each !== '') || each instanceof URL)
      ? undefined
      : 'an array of paths or file: URLs',
  pool: (value) => (typeof value === 'object' && value !== null ? undefined : 'options of a Pool'),
  name: text,
  port: integer(0, 65_535),
  address: text,
  gracePeriod: time,
  lockDuration: duration,
  stalledInterval: duration,
  maxStalledCount: integer(0),
};

const DEFAULTS = { maxValueSize: 1024 * 1024 };

/** In place of a limit that the host decides. */
export const HOST_DECIDES = -1;

export type ReadDistributedPoolOptions = ReturnType<typeof readDistributedPoolOptions>;

/** @throws TypeError naming the option and what it takes. */
export function readDistributedPoolOptions(options: DistributedPoolOptions) {
  const read = readOptions<DistributedPoolOptions>('DistributedPool', options, CALLER);
  requireOptions('DistributedPool', read, ['queue', 'connection']);
  return {
    ...DEFAULTS,
    taskTimeout: HOST_DECIDES,
    retries: HOST_DECIDES,
    chunkSize: undefined,
    leaseDuration: 60_000,
    ...read,
    root: readFolder(read.root),
  };
}

/** @throws TypeError naming the option and what it takes. */
export function readHostOptions(options: HostOptions) {
  const read = readOptions<HostOptions>('Host', options, HOST);
  requireOptions('Host', read, ['queue', 'connection', 'modules']);
  return {
    ...DEFAULTS,
    pool: {},
    address: '127.0.0.1',
    gracePeriod: 30_000,
    lockDuration: 30_000,
    stalledInterval: 30_000,
    maxStalledCount: 3,
    ...read,
    root: readFolder(read.root),
  };
}

function requireOptions<T extends object>(what: string, options: T, names: (keyof T & string)[]): void {
  for (const name of names) {
    if (options[name] === undefined) throw new TypeError(`${what}: the option "${name}" is required`);
  }
}

function readFolder(root: string | URL | undefined): string {
  return realPath(root === undefined ? process.cwd() : resolve(isUrl(root) ? fileURLToPath(root) : root));
}

/** As Node.js names the modules that it imports: without links. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // That it is not there others can say better.
    return path;
  }
}

export function isUrl(value: string | URL): value is URL {
  return typeof value !== 'string' || value.startsWith('file:');
}
