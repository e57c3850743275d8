import type { IQueueBackend, Queue, QueueEvents, QueueEventsProducer, Worker, WorkerOptions } from 'bullmq';
import { QueueError } from '../../errors.js';
import { performance } from '../../util/clock.js';
import { importOptional } from '../../util/optional-package.js';
import { isSettledWithin } from '../../util/settled-within.js';
import type { DatastoreState } from '../stats.js';
import { type Connection, describePermanent, isClient, usesPostgres } from './connection-options.js';
import type { Connections } from './connections.js';
import { DatastoreClock } from './datastore-clock.js';
import { Heartbeat } from './heartbeat.js';
import { PostgresConnections } from './postgres-connections.js';
import { RedisConnections } from './redis-connections.js';

type BullMQ = typeof import('bullmq');

/** The options of {@link Datastore.open}. */
export interface DatastoreOptions {
  queue: string;
  connection: Connection;
  /** Whether `connection` leads to a Redis Cluster. */
  isCluster: boolean;
  prefix?: string;
  /** The time in milliseconds within which a connection that has become silent is noticed. */
  heartbeatTimeout: number;
}

/** Called by a {@link Datastore}. */
export interface DatastoreHandler {
  /** A connection failed, which reopens automatically. */
  onError(error: Error): void;
  /** This machine's clock is ahead of the datastore's by this many milliseconds, or behind if negative. */
  onSkew(skew: number): void;
}

/** How long closing the connections may take while the datastore does not answer, in milliseconds. */
export const MAX_CLOSING = 500;

/** BullMQ's longest blocking commands, in milliseconds. The heartbeat waits behind them. */
const MAX_BLOCKING = 5000;

interface Closable {
  close(force?: boolean): Promise<void>;
}

/** BullMQ on Redis or PostgreSQL: creates BullMQ's objects, and owns their connections. */
export class Datastore {
  /** The clock that leases count by. */
  readonly clock: DatastoreClock;
  readonly #bullmq: BullMQ;
  readonly #options: DatastoreOptions;
  readonly #connections: Connections;
  readonly #heartbeat: Heartbeat;
  readonly #onError: (error: Error) => void;
  /** Rejects with an error that stays until a person changes something: waiting would not help. */
  readonly #refused: Promise<never>;
  /** Shared by all queues. */
  readonly #backend: IQueueBackend;
  readonly #opened = new Set<Closable>();
  readonly #openedAt = performance.now();
  #failedAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  /**
   * Loads BullMQ, and starts to connect in the background.
   *
   * @throws {@link MissingPackageError}
   */
  static async open(options: DatastoreOptions, handler: DatastoreHandler): Promise<Datastore> {
    const { connection, isCluster, heartbeatTimeout } = options;
    const bullmq = await load('bullmq', '6.7.0', () => import('bullmq'));
    const clock = new DatastoreClock();
    if (usesPostgres(connection)) {
      // BullMQ loads the client itself; the check gives a better error.
      if (!isClient(connection)) await load('pg', '8.0.0', () => import('pg'));
      return new Datastore(bullmq, options, clock, handler, () => {
        return new PostgresConnections(connection, bullmq.createPostgresBackend, clock, heartbeatTimeout / 2);
      });
    }
    const ioredis = isClient(connection) ? undefined : await load('ioredis', '5.0.0', () => import('ioredis'));
    return new Datastore(bullmq, options, clock, handler, (onError) => {
      return new RedisConnections(connection as never, ioredis, isCluster, bullmq.createRedisBackend, onError);
    });
  }

  private constructor(
    bullmq: BullMQ,
    options: DatastoreOptions,
    clock: DatastoreClock,
    handler: DatastoreHandler,
    connect: (onError: (error: Error) => void) => Connections,
  ) {
    this.#bullmq = bullmq;
    this.#options = options;
    this.clock = clock;
    const { refused, onError } = watchForRefusal(handler.onError);
    this.#refused = refused;
    this.#onError = (error) => {
      this.#failedAt = performance.now();
      if (!this.#isClosed) onError(error);
    };
    this.#connections = connect(this.#onError);
    this.#heartbeat = new Heartbeat(this.#connections, clock, options.heartbeatTimeout, handler);
    this.#backend = this.#connections.factory(options.queue, this.#base);
    this.#backend.on('error', this.#onError);
  }

  get #base(): { connection: never; prefix?: string } {
    const { connection } = this.#connections;
    const { prefix } = this.#options;
    return { connection, ...(prefix !== undefined && { prefix }) };
  }

  /** When the datastore last answered, as a value of `performance.now()`. */
  get answeredAt(): number | undefined {
    return this.#heartbeat.answeredAt;
  }

  /** Whether answers arrive in the order of the requests. */
  get answersInOrder(): boolean {
    return this.#connections.answersInOrder;
  }

  /** How many fetches a worker may have at once: its other requests must not wait behind them. */
  get maxFetches(): number {
    return Math.max(1, this.#connections.maxRequests - 1);
  }

  /** Whether it answers. */
  get state(): DatastoreState {
    const { heartbeatTimeout } = this.#options;
    const silence = performance.now() - (this.answeredAt ?? this.#openedAt);
    const hasFailed = this.#failedAt > (this.answeredAt ?? Number.NEGATIVE_INFINITY);
    const isLate = silence >= heartbeatTimeout / 3;
    if (silence >= heartbeatTimeout || (isLate && hasFailed)) return 'away';
    return isLate || hasFailed || this.answeredAt === undefined ? 'degraded' : 'ready';
  }

  /** How long a command may block, in milliseconds. */
  get #maxBlocking(): number {
    return Math.min(MAX_BLOCKING, this.#options.heartbeatTimeout / 4);
  }

  /**
   * Resolves once the datastore has answered, and its clock is known.
   *
   * @throws (rejects) {@link QueueError} if it rejects the credentials, or cannot be reached for a reason that stays.
   */
  async ready(): Promise<void> {
    // Redis reports such errors as events, PostgreSQL as rejections.
    const answered = this.#backend.waitUntilReady().catch(rejectRefusal);
    await Promise.race([answered.then(() => this.#heartbeat.read()), this.#refused]);
  }

  queue(name: string): Queue {
    const options = { ...this.#base, skipMetasUpdate: true };
    const queue = new this.#bullmq.Queue(name, options, () => this.#backend.forQueue(name) as never);
    queue.on('error', this.#onError);
    return queue;
  }

  producer(name: string): QueueEventsProducer {
    return new this.#bullmq.QueueEventsProducer(name, this.#base, () => this.#backend.forQueue(name) as never);
  }

  /** A stream of events, of which nothing is read before `run()`. */
  events(name: string): QueueEvents {
    const options = { ...this.#base, blockingTimeout: this.#maxBlocking, autorun: false };
    const events = new this.#bullmq.QueueEvents(name, options, this.#connections.factory as never);
    return this.#keep(events) as QueueEvents;
  }

  /** @param process - `null` for a worker from which jobs are fetched by hand. */
  worker(
    name: string,
    process: ((job: { data: unknown }) => Promise<void>) | null,
    options: Partial<WorkerOptions>,
  ): Worker {
    const all = { drainDelay: this.#maxBlocking / 1000, ...options, ...this.#base };
    const worker = new this.#bullmq.Worker(name, process, all, this.#connections.factory as never);
    return this.#keep(worker) as Worker;
  }

  #keep(each: Closable & { on(event: 'error', listener: (error: Error) => void): unknown }): unknown {
    each.on('error', this.#onError);
    this.#opened.add(each);
    return each;
  }

  /** Closes a worker before the other objects. */
  async closeWorker(worker: Worker): Promise<void> {
    this.#opened.delete(worker);
    endWait(worker);
    // Without force it would wait for its connection.
    await worker.close(true);
  }

  /** Closes all connections, within {@link MAX_CLOSING} even if the datastore does not answer. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#heartbeat.stop();
    for (const each of this.#opened) if (each instanceof this.#bullmq.Worker) endWait(each);
    const closed = Promise.all([...this.#opened, this.#backend].map((each) => each.close(true).catch(() => {})));
    await isSettledWithin(closed, MAX_CLOSING / 2);
    this.#connections.destroy();
    await isSettledWithin(closed, MAX_CLOSING / 2);
  }
}

/**
 * Ends the wait of a worker for its next job. On PostgreSQL, closing the worker does not: the timer of the wait would keep the
 * program alive.
 */
function endWait(worker: Worker): void {
  // It cannot while it is not connected, and then there is no wait.
  worker
    .getBackend()
    .disconnectBlocking(false)
    .catch(() => {});
}

function load<T>(name: string, needed: string, imported: () => Promise<T>): Promise<T> {
  return importOptional('aiomultiprocess/distributed', name, needed, imported);
}

/** Watches the errors of connections for those that stay. */
function watchForRefusal(onError: (error: Error) => void) {
  let refuse!: (error: Error) => void;
  const refused = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  // Prevents an unhandled rejection when `ready()` is never called.
  refused.catch(() => {});
  return {
    refused,
    onError(error: Error): void {
      const refusal = refusalFor(error);
      if (refusal !== undefined) refuse(refusal);
      onError(error);
    },
  };
}

/** Rejects with the error of a failed attempt; with a {@link QueueError}, if waiting would not help. */
export function rejectRefusal(error: Error): never {
  throw refusalFor(error) ?? error;
}

function refusalFor(error: Error): QueueError | undefined {
  // For a Redis Cluster, ioredis says only here what is wrong.
  const { lastNodeError: cause = error } = error as { lastNodeError?: Error };
  const reason = describePermanent(cause);
  if (reason === undefined) return undefined;
  return new QueueError(`the datastore ${reason}: ${cause.message}`, { cause });
}
