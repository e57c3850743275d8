import { Socket } from 'node:net';
import type { createPostgresBackend, PostgresQueueBackend } from 'bullmq';
import { performance } from '../../util/clock.js';
import { type Connection, optionsOfPostgres } from './connection-options.js';
import { type Connections, createSilenceError } from './connections.js';
import type { DatastoreClock } from './datastore-clock.js';
import { createResilientBackend } from './postgres-backend.js';

type ListenClient = Awaited<ReturnType<PostgresQueueBackend['connection']['getListenClient']>> & {
  emit(event: 'error', error: Error): boolean;
  /** Whether every query so far was answered. */
  readonly readyForQuery: boolean;
};

/** What is private in BullMQ. */
interface ConnectionFields {
  listenClient: ListenClient | undefined;
}

/** The size of a connection pool. Connections to PostgreSQL are expensive, and each object of BullMQ has several. */
const MAX_CLIENTS = 4;

/** The connections to PostgreSQL: each of BullMQ's objects has a pool of clients, and one that waits for notifications. */
export class PostgresConnections implements Connections {
  readonly connection: never;
  readonly factory: never;
  readonly answersInOrder = false;
  readonly maxRequests: number;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<PostgresQueueBackend['connection']>();
  /** Since when a client that waits for notifications owes an answer. */
  readonly #askedAt = new WeakMap<ListenClient, number>();
  #isDestroyed = false;

  /** @param timeout - how long a query may take, in milliseconds. */
  constructor(connection: Connection, factory: typeof createPostgresBackend, clock: DatastoreClock, timeout: number) {
    const options = this.#complete(optionsOfPostgres(connection), timeout);
    this.connection = options as never;
    this.maxRequests = options.max;
    const create = createResilientBackend(factory, clock);
    const tracked: typeof factory = (...args) => {
      const backend = create(...args);
      this.#connections.add(backend.connection);
      backend.connection.on('close', () => this.#connections.delete(backend.connection));
      return backend;
    };
    this.factory = tracked as never;
  }

  #complete(options: { max?: number }, timeout: number): { max: number } {
    const all = {
      keepAlive: true,
      query_timeout: timeout,
      connectionTimeoutMillis: timeout,
      stream: () => this.#createSocket(),
      // BullMQ creates its tables only if `migrate` is set.
      ...(!('skipMigrations' in options) && { migrate: true }),
      ...options,
    };
    return { ...all, max: options.max ?? MAX_CLIENTS };
  }

  #createSocket(): Socket {
    const socket = new Socket();
    if (this.#isDestroyed) return socket.destroy();
    this.#sockets.add(socket);
    return socket.once('close', () => this.#sockets.delete(socket));
  }

  async readTime(): Promise<number> {
    const [connection] = this.#connections;
    if (connection === undefined) throw new Error('the connection to PostgreSQL is closed');
    const { rows } = await connection.pool.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now');
    return Number(rows[0].now);
  }

  /** Queries have a time limit. Only a client that waits for notifications would not notice that none can come. */
  check(limit: number): void {
    const now = performance.now();
    for (const client of this.#listListenClients()) {
      const askedAt = this.#askedAt.get(client);
      if (askedAt === undefined || client.readyForQuery) this.#ask(client, now);
      // BullMQ then ends the client, and creates another one.
      else if (now - askedAt > limit) client.emit('error', createSilenceError(limit));
    }
  }

  /** The answer to a query of BullMQ that the client waits for does as well. */
  #ask(client: ListenClient, now: number): void {
    this.#askedAt.set(client, now);
    if (client.readyForQuery) client.query('SELECT 1').catch(() => {});
  }

  forgive(): void {
    for (const client of this.#listListenClients()) {
      if (this.#askedAt.has(client)) this.#askedAt.set(client, performance.now());
    }
  }

  #listListenClients(): ListenClient[] {
    return [...this.#connections].flatMap(
      (connection) => (connection as unknown as ConnectionFields).listenClient ?? [],
    );
  }

  destroy(): void {
    this.#isDestroyed = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}
