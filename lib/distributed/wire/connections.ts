import type { BackendFactory, IQueueBackend } from 'bullmq';

/**
 * The network connections of BullMQ's objects. BullMQ opens and reopens them, but cannot close them while the datastore
 * does not answer, and does not notice all of those that have become silent.
 */
export interface Connections {
  /** What BullMQ's objects get as their option `connection`. */
  readonly connection: never;
  readonly factory: BackendFactory<IQueueBackend, never>;
  /** Whether answers arrive in the order of the requests; not if the requests use several connections. */
  readonly answersInOrder: boolean;
  /** How many requests it carries at once; further ones wait. */
  readonly maxRequests: number;
  /** Asks the datastore for its time, in milliseconds since 1970. */
  readTime(): Promise<number>;
  /**
   * Asks for a sign of life on each connection that would not notice a loss by itself, and ends those that have not
   * answered for `limit` milliseconds. They reopen like any lost connection.
   */
  check(limit: number): void;
  /** Forgets how long answers have been missing: this process did not run, so it could not read them. */
  forgive(): void;
  /** Ends all connections at once, and lets none reopen. What waits for an answer rejects. */
  destroy(): void;
}

/** The error for a connection that has become silent. */
export function createSilenceError(limit: number): Error {
  return Object.assign(new Error(`the datastore has not answered for ${limit / 1000} s; reconnecting`), {
    code: 'ETIMEDOUT',
  });
}
