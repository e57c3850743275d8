import type { createPostgresBackend, PostgresQueueBackend } from 'bullmq';

type CreateBackend = typeof createPostgresBackend;

/** What is private in BullMQ. */
interface ConnectionFields {
  readyPromise: Promise<void> | undefined;
  ownsPool: boolean;
  listenClient: { on(event: 'error', listener: () => void): unknown } | undefined;
}

/** BullMQ's backend for PostgreSQL, made to outlive a server that goes down at any moment. */
export function createResilientBackend(create: CreateBackend): CreateBackend {
  return (name, options, factoryOptions) => {
    const backend = create(name, options, factoryOptions);
    retryConnecting(backend.connection);
    keepErrorListeners(backend.connection);
    return backend;
  };
}

/**
 * Lets each wait for a connection that failed connect again. BullMQ remembers the failure: every later query rejects with
 * it, and at once, so that its loop over jobs never yields to the event loop and the program hangs.
 */
function retryConnecting(connection: PostgresQueueBackend['connection']): void {
  const fields = connection as unknown as ConnectionFields;
  const connect = connection.waitUntilReady.bind(connection);
  connection.waitUntilReady = async () => {
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
 * Gives every client a listener for errors for as long as it lives: pg emits `error` when the server goes down, which ends
 * the program if no one listens. BullMQ has none while it connects and none while it closes. What the client was doing
 * rejects with the same error.
 */
function keepErrorListeners(connection: PostgresQueueBackend['connection']): void {
  const fields = connection as unknown as ConnectionFields;
  const ignore = () => {};
  // The clients of a program's own pool have the listeners that the program gives them.
  if (fields.ownsPool) connection.pool.on('connect', (client) => client.on('error', ignore));
  const close = connection.close.bind(connection);
  connection.close = () => {
    const listening = fields.listenClient;
    const closed = close();
    listening?.on('error', ignore);
    return closed;
  };
}
