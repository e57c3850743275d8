import type {
  BackendFactory,
  ConnectionOptions,
  IQueueBackend,
  PostgresConnectionOptions,
  Queue,
  QueueEvents,
  QueueEventsProducer,
  Worker,
  WorkerOptions,
} from 'bullmq';
import { MissingPackageError, QueueError } from '../../errors.js';
import { isNotInstalled } from '../../util/not-installed.js';
import { isSettledWithin } from '../../util/settled-within.js';
import { createResilientBackend } from './postgres-backend.js';

type BullMQ = typeof import('bullmq');

/** The options of {@link Datastore.open}. */
export interface DatastoreOptions {
  queue: string;
  connection: string | ConnectionOptions | PostgresConnectionOptions;
  prefix?: string;
}

/** How long closing waits for a datastore that does not answer, in milliseconds. */
export const MAX_CLOSING = 2000;

/** The size of a connection pool. Connections to PostgreSQL are expensive, and each object of BullMQ has several. */
const MAX_CLIENTS = 4;

/** Redis's errors for wrong credentials. PostgreSQL closes the connection instead. */
const REFUSAL = /^(NOAUTH|WRONGPASS|NOPERM)\b/;

interface Closable {
  close(force?: boolean): Promise<void>;
  getBackend(): IQueueBackend;
}

/** BullMQ on Redis or PostgreSQL: creates BullMQ's objects, all with the same connection options. */
export class Datastore {
  readonly #bullmq: BullMQ;
  readonly #options: DatastoreOptions;
  readonly #connection: never;
  readonly #factory: BackendFactory<IQueueBackend, never>;
  readonly #onError: (error: Error) => void;
  /** Rejects if the datastore rejects the credentials: waiting would not help. */
  readonly #refused: Promise<never>;
  /** One connection shared by all queues. */
  readonly #backend: IQueueBackend;
  readonly #opened: Closable[] = [];
  #isClosed = false;

  /**
   * Loads BullMQ, and starts to connect in the background.
   *
   * @param onError - receives errors of connections, which reopen automatically.
   * @throws {@link MissingPackageError}
   */
  static async open(options: DatastoreOptions, onError: (error: Error) => void): Promise<Datastore> {
    const isPostgres = usesPostgres(options.connection);
    const client = isInstance(options.connection) ? undefined : isPostgres ? 'pg' : 'ioredis';
    return new Datastore(await loadBullMQ(client), isPostgres, options, onError);
  }

  private constructor(bullmq: BullMQ, isPostgres: boolean, options: DatastoreOptions, onError: (error: Error) => void) {
    this.#bullmq = bullmq;
    this.#options = options;
    const { refused, onError: watched } = watchForRefusal(onError);
    this.#refused = refused;
    this.#onError = watched;
    this.#connection = readConnection(options.connection, isPostgres, () => this.#isClosed) as never;
    const factory = isPostgres ? createResilientBackend(bullmq.createPostgresBackend) : bullmq.createRedisBackend;
    this.#factory = factory as never;
    this.#backend = this.#factory(options.queue, this.#base);
    this.#backend.on('error', this.#onError);
  }

  get #base(): { connection: never; prefix?: string } {
    const { prefix } = this.#options;
    return { connection: this.#connection, ...(prefix !== undefined && { prefix }) };
  }

  /**
   * Resolves once the datastore has answered.
   *
   * @throws (rejects) {@link QueueError} if it rejects the credentials.
   */
  async ready(): Promise<void> {
    await Promise.race([this.#backend.waitUntilReady(), this.#refused]);
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

  events(name: string): QueueEvents {
    const events = new this.#bullmq.QueueEvents(name, this.#base, this.#factory as never);
    return this.#keep(events) as QueueEvents;
  }

  /** @param process - `null` for a worker from which jobs are fetched by hand. */
  worker(
    name: string,
    process: ((job: { data: unknown }) => Promise<void>) | null,
    options: Partial<WorkerOptions>,
  ): Worker {
    const worker = new this.#bullmq.Worker(name, process, { ...options, ...this.#base }, this.#factory as never);
    return this.#keep(worker) as Worker;
  }

  #keep(each: Closable & { on(event: 'error', listener: (error: Error) => void): unknown }): unknown {
    each.on('error', this.#onError);
    this.#opened.push(each);
    return each;
  }

  /** Closes all connections, even if the datastore does not answer. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = this.#opened.splice(0);
    const closeAll = (all: readonly Pick<Closable, 'close'>[], force: boolean) =>
      isSettledWithin(Promise.all(all.map((each) => each.close(force).catch(this.#onError))), MAX_CLOSING);
    if (await closeAll([...opened, this.#backend], false)) return;
    // Disconnects those that still wait for an answer.
    await closeAll([...opened.map((each) => each.getBackend()), this.#backend], true);
  }
}

/**
 * Loads BullMQ, after a check that the datastore's client, which BullMQ loads itself, is installed.
 *
 * @param client - the package of the client; `undefined` if the program passes a client of its own.
 * @throws {@link MissingPackageError}
 */
async function loadBullMQ(client: 'ioredis' | 'pg' | undefined): Promise<BullMQ> {
  if (client === 'pg') await load('pg', () => import('pg'));
  if (client === 'ioredis') await load('ioredis', () => import('ioredis'));
  return load('bullmq', () => import('bullmq'));
}

async function load<T>(name: string, imported: () => Promise<T>): Promise<T> {
  try {
    return await imported();
  } catch (cause) {
    throw isNotInstalled(cause) ? new MissingPackageError('aiomultiprocess/distributed', name, { cause }) : cause;
  }
}

function usesPostgres(connection: DatastoreOptions['connection']): boolean {
  if (typeof connection === 'string') return /^postgres(ql)?:/i.test(connection);
  // `totalCount` belongs to a pool of pg; only options of pg have a connection string or a database.
  return ['connectionString', 'database', 'totalCount'].some((key) => key in connection);
}

/** Whether the program passed a client of its own; then the client's package is installed. */
function isInstance(connection: DatastoreOptions['connection']): boolean {
  return typeof connection !== 'string' && typeof (connection as { connect?: unknown }).connect === 'function';
}

/** The delay before the next attempt to reach Redis, in milliseconds. BullMQ's own grows to 20 s, which delays all tasks. */
function getRetryDelay(tries: number): number {
  return Math.min(500 * tries, 2000);
}

/** The connection in the form that BullMQ expects. A client of the program is passed through. */
function readConnection(
  connection: DatastoreOptions['connection'],
  isPostgres: boolean,
  isClosed: () => boolean,
): object {
  if (isInstance(connection)) return connection as object;
  return isPostgres ? readPostgres(connection) : readRedis(connection, isClosed);
}

function readPostgres(connection: DatastoreOptions['connection']): object {
  if (typeof connection === 'string') return { connectionString: connection, migrate: true, max: MAX_CLIENTS };
  // BullMQ creates its tables only if `migrate` is set.
  return 'skipMigrations' in connection ? connection : { migrate: true, ...connection };
}

function readRedis(connection: DatastoreOptions['connection'], isClosed: () => boolean): object {
  const options = typeof connection === 'string' ? { url: connection, maxRetriesPerRequest: null } : connection;
  const { retryStrategy = getRetryDelay } = options as { retryStrategy?: typeof getRetryDelay };
  // A client closed while it was connecting would keep trying, and keep the program alive.
  return { ...options, retryStrategy: (tries: number) => (isClosed() ? null : retryStrategy(tries)) };
}

/** Watches the errors of connections for rejected credentials. */
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
      if (REFUSAL.test(error.message)) {
        refuse(new QueueError(`the datastore rejected the credentials: ${error.message}`, { cause: error }));
      }
      onError(error);
    },
  };
}
