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
import { QueueError } from '../errors.js';
import { clearTimeout, setTimeout } from '../util/clock.js';
import { type BullMQ, loadBullMQ } from './peers.js';

/** What {@link Datastore.open} needs to know. */
export interface DatastoreOptions {
  queue: string;
  connection: string | ConnectionOptions | PostgresConnectionOptions;
  prefix?: string;
}

/** How long a datastore that does not answer may delay the end, in milliseconds. */
export const MAX_CLOSING = 2000;

/** Connections to PostgreSQL are dear, and each of BullMQ's objects has some. */
const MAX_CLIENTS = 4;

/** What Redis says to a wrong password. PostgreSQL closes the connection. */
const REFUSAL = /^(NOAUTH|WRONGPASS|NOPERM)\b/;

interface Closable {
  close(force?: boolean): Promise<void>;
  getBackend(): IQueueBackend;
}

/** BullMQ on Redis or PostgreSQL: the classes of BullMQ, all with the same connection options. */
export class Datastore {
  readonly #bullmq: BullMQ;
  readonly #options: DatastoreOptions;
  readonly #connection: never;
  readonly #factory: BackendFactory<IQueueBackend, never>;
  readonly #onError: (error: Error) => void;
  /** Rejects if the datastore lets nobody in with this name and password, which waiting does not change. */
  readonly #refused: Promise<never>;
  /** One connection serves all queues. */
  readonly #backend: IQueueBackend;
  readonly #opened: Closable[] = [];
  #isClosed = false;

  /**
   * Loads what is needed; connects in the background.
   *
   * @param onError - told of lost connections, which are opened again.
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
    this.#factory = (isPostgres ? bullmq.createPostgresBackend : bullmq.createRedisBackend) as never;
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
   * @throws (rejects) {@link QueueError} if it refuses the connection.
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

  /** @param process - nothing for a worker that is asked for jobs. */
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

  /** Closes all that was opened. A datastore that does not answer cannot stop it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = this.#opened.splice(0);
    const closeAll = (all: readonly Pick<Closable, 'close'>[], force: boolean) =>
      isSettledWithin(Promise.all(all.map((each) => each.close(force).catch(this.#onError))), MAX_CLOSING);
    if (await closeAll([...opened, this.#backend], false)) return;
    // What waits for an answer that does not come is cut off.
    await closeAll([...opened.map((each) => each.getBackend()), this.#backend], true);
  }
}

/** Whether a promise has settled in so many milliseconds. */
export async function isSettledWithin(promise: Promise<unknown>, time: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, time, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function usesPostgres(connection: DatastoreOptions['connection']): boolean {
  if (typeof connection === 'string') return /^postgres(ql)?:/i.test(connection);
  // A pool of pg counts its clients; only options for pg have a connection string or name a database.
  return ['connectionString', 'database', 'totalCount'].some((key) => key in connection);
}

/** Whether the program has made a client itself: then its package is there. */
function isInstance(connection: DatastoreOptions['connection']): boolean {
  return typeof connection !== 'string' && typeof (connection as { connect?: unknown }).connect === 'function';
}

/** Milliseconds before Redis is tried again. By itself BullMQ would soon wait for 20 seconds, and all tasks with it. */
function getPause(tries: number): number {
  return Math.min(500 * tries, 2000);
}

/** What BullMQ takes for a connection. What the program has made itself is taken as it is. */
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
  // BullMQ makes its tables only if it is told to.
  return 'skipMigrations' in connection ? connection : { migrate: true, ...connection };
}

function readRedis(connection: DatastoreOptions['connection'], isClosed: () => boolean): object {
  const options = typeof connection === 'string' ? { url: connection, maxRetriesPerRequest: null } : connection;
  const { retryStrategy = getPause } = options as { retryStrategy?: typeof getPause };
  // What BullMQ has closed while it was trying to connect goes on trying, and would keep the program alive.
  return { ...options, retryStrategy: (tries: number) => (isClosed() ? null : retryStrategy(tries)) };
}

/** Sees among the errors of a connection that the datastore lets nobody in, which waiting does not change. */
function watchForRefusal(onError: (error: Error) => void) {
  let refuse!: (error: Error) => void;
  const refused = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  // Nobody may be waiting for it.
  refused.catch(() => {});
  return {
    refused,
    onError(error: Error): void {
      if (REFUSAL.test(error.message)) {
        refuse(new QueueError(`the datastore refuses the connection: ${error.message}`, { cause: error }));
      }
      onError(error);
    },
  };
}
