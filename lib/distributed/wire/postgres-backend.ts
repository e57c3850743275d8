import type { createPostgresBackend, PostgresQueueBackend } from 'bullmq';
import type { DatastoreClock } from './datastore-clock.js';
import { BEGINNING } from './queue-names.js';

type CreateBackend = typeof createPostgresBackend;

/** The part of pg that BullMQ uses. */
interface PgModule {
  Pool: unknown;
  Client: new (...args: unknown[]) => PgClient;
}

interface PgClient {
  on(event: 'error', listener: (error: Error) => void): this;
  removeAllListeners(event?: string): this;
}

/** A client of a pool of pg. */
interface PooledClient {
  query(...args: unknown[]): unknown;
  readonly connection: { readonly stream: { destroy(): void } };
}

/** The message of pg's error about a query that takes longer than `query_timeout`; it has no code. */
const TIMEOUT_MESSAGE = 'Query read timeout';

/** What is private in BullMQ. */
interface ReadyFields {
  readyPromise: Promise<void> | undefined;
}

interface ConnectionFields {
  pgModule: PgModule | undefined;
  bootstrap(): Promise<void>;
}

interface BackendFields {
  query(...args: unknown[]): Promise<unknown>;
  run(command: string, params: readonly unknown[]): Promise<{ rows: readonly { max?: string }[] }>;
}

/** How long a query may take that creates BullMQ's tables, or waits for another connection that does, in milliseconds. */
const MIGRATION_TIMEOUT = 30_000;

/** PostgreSQL's codes for a table, a schema and a function that are not there. */
const MISSING: readonly unknown[] = ['42P01', '3F000', '42883'];

/** Which parameter of BullMQ's commands about locks and rate limits is the time. */
const TIME_PARAMETERS: Readonly<Record<string, number>> = {
  move_to_active: 3,
  move_to_completed_fetch: 9,
  next_signal: 2,
  extend_locks: 4,
  move_stalled_jobs_to_wait: 2,
};

/**
 * BullMQ's backend for PostgreSQL, made to outlive a server that goes down at any moment, and a clock of this machine that
 * is wrong.
 */
export function createResilientBackend(create: CreateBackend, clock: DatastoreClock): CreateBackend {
  return (name, options, factoryOptions) => {
    const backend = create(name, options, factoryOptions);
    useDatastoreClock(backend, clock);
    readRenumberedEvents(backend);
    retryConnecting(backend.connection);
    retryConnecting(backend);
    createTablesAgain(backend);
    extendMigrations(backend.connection);
    keepErrorListeners(backend.connection);
    // All queues of a caller share a connection, and each has a backend of its own.
    const forQueue = backend.forQueue.bind(backend);
    backend.forQueue = (...args) => {
      const sibling = forQueue(...args) as PostgresQueueBackend;
      retryConnecting(sibling);
      createTablesAgain(sibling);
      return sibling;
    };
    return backend;
  };
}

/**
 * Lets each wait for a connection that failed connect again. Both a backend and its connection remember the failure: every
 * later command rejects with it, and at once, so that BullMQ's loop over jobs never yields to the event loop and the program
 * hangs.
 */
function retryConnecting(target: { waitUntilReady(): Promise<void> }): void {
  const fields = target as unknown as ReadyFields;
  const connect = target.waitUntilReady.bind(target);
  target.waitUntilReady = async () => {
    const connecting = connect();
    const remembered = fields.readyPromise;
    try {
      await connecting;
    } catch (error) {
      if (fields.readyPromise === remembered) fields.readyPromise = undefined;
      throw error;
    }
  };
}

/**
 * Has a connection create BullMQ's tables again when they are gone, because the server was started without its data. It does
 * so as it becomes ready, and becomes ready once.
 */
function createTablesAgain(backend: PostgresQueueBackend): void {
  const fields = backend as unknown as BackendFields;
  const query = fields.query.bind(backend);
  fields.query = async (...args) => {
    try {
      return await query(...args);
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (MISSING.includes(code)) (backend.connection as unknown as ReadyFields).readyPromise = undefined;
      throw error;
    }
  };
}

/**
 * Reads a stream of events from its beginning when it ends before the last event that was read: new tables number events from
 * 1 again, and none would be read until the numbers are past the old one.
 */
function readRenumberedEvents(backend: PostgresQueueBackend): void {
  const fields = backend as unknown as BackendFields;
  const readEvents = backend.readEvents.bind(backend);
  backend.readEvents = async (last, blockTimeout) => {
    const events = await readEvents(last, blockTimeout);
    if (events !== null) return events;
    const { rows } = await fields.run('read_events_max', [backend.qualifiedName]);
    return BigInt(rows[0]?.max ?? 0) < BigInt(last) ? readEvents(BEGINNING, blockTimeout) : null;
  };
}

/**
 * Gives a connection more time while it becomes ready: creating the tables takes longer than a query may otherwise take if
 * `heartbeatTimeout` is short, so that no connection would ever be ready.
 */
function extendMigrations(connection: PostgresQueueBackend['connection']): void {
  const fields = connection as unknown as ConnectionFields;
  const bootstrap = fields.bootstrap.bind(connection);
  let isMigrating = false;
  fields.bootstrap = async () => {
    isMigrating = true;
    try {
      await bootstrap();
    } finally {
      isMigrating = false;
    }
  };
  connection.pool.on('connect', (each) => {
    const client = each as unknown as PooledClient;
    const query = client.query.bind(client);
    client.query = (...args) => {
      const [text, values] = args;
      // The heartbeat's queries have a callback, because pg's pool sends them.
      if (!isMigrating || typeof text !== 'string' || typeof args.at(-1) === 'function') return query(...args);
      return query({ text, values, query_timeout: MIGRATION_TIMEOUT });
    };
  });
}

/**
 * Gives every client a listener for errors for as long as it lives: pg emits `error` when the server goes down, which ends
 * the program if no one listens. BullMQ's own listener comes after the client has connected, and goes before it has closed.
 * What the client was doing rejects with the same error.
 */
function keepErrorListeners(connection: PostgresQueueBackend['connection']): void {
  const fields = connection as unknown as ConnectionFields;
  // The clients of a program's own pool have the listeners that the program gives them.
  if (fields.pgModule === undefined) return;
  connection.pool.on('connect', (client) => {
    client.on('error', ignore);
    endAfterTimeout(client as never);
  });
  const { Pool, Client } = fields.pgModule;
  fields.pgModule = { Pool, Client: withErrorListener(Client) };
}

/**
 * Ends a client when one of its queries takes too long. pg drops the ROLLBACK that follows, because the query still runs, and
 * the client goes back to its pool within the transaction: it keeps the lock for which BullMQ's migrations of all other
 * connections wait.
 */
function endAfterTimeout(client: PooledClient): void {
  const query = client.query.bind(client);
  client.query = (...args) => {
    const result = query(...args);
    // With a callback, the client is given back with the error, which ends it.
    if (result instanceof Promise) {
      result.catch((error: Error) => {
        if (error.message !== TIMEOUT_MESSAGE) return;
        client.query = () => Promise.reject(error);
        client.connection.stream.destroy();
      });
    }
    return result;
  };
}

function ignore(): void {}

function withErrorListener(Client: PgModule['Client']): PgModule['Client'] {
  return class extends Client {
    constructor(...args: ConstructorParameters<PgModule['Client']>) {
      super(...args);
      this.on('error', ignore);
    }

    override removeAllListeners(...args: [event?: string]): this {
      super.removeAllListeners(...args);
      return this.on('error', ignore);
    }
  };
}

/**
 * Has locks expire by the datastore's clock. BullMQ sends the time of this machine, on PostgreSQL only: a host whose clock
 * is ahead by more than a lock lasts would take the jobs of all others.
 */
function useDatastoreClock(backend: PostgresQueueBackend, clock: DatastoreClock): void {
  const fields = backend as unknown as BackendFields;
  const run = fields.run.bind(backend);
  fields.run = (command, params) => {
    const at = TIME_PARAMETERS[command];
    return run(command, at === undefined ? params : params.with(at, Math.round(clock.now())));
  };
}
