import type { ConnectionOptions, createRedisBackend } from 'bullmq';
import type * as Ioredis from 'ioredis';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { performance } from '../../util/clock.js';
import { type Connections, createSilenceError } from './connections.js';

type Client = Redis | Cluster;

/** How long a connection may be idle before the operating system checks it, in milliseconds. */
const KEEP_ALIVE = 10_000;

/** How long an ended connection waits for the other side to end it too, in milliseconds. */
const DISCONNECT_TIMEOUT = 250;

/** The delay before the next attempt to reach Redis, in milliseconds. BullMQ's own grows to 20 s, which delays all tasks. */
function getRetryDelay(tries: number): number {
  return Math.min(500 * tries, 2000);
}

/**
 * The connections to Redis. All of BullMQ's objects share one client, which BullMQ duplicates for commands that block.
 */
export class RedisConnections implements Connections {
  readonly connection: never;
  readonly answersInOrder = true;
  readonly maxRequests = Number.POSITIVE_INFINITY;
  readonly factory: never;
  readonly #client: Client;
  readonly #clients = new Set<Client>();
  /** Clients that wait before they connect again. BullMQ overwrites their own status. */
  readonly #reconnecting = new Set<Client>();
  /** When the server last answered on a connection. */
  readonly #answeredAt = new WeakMap<Redis, number>();
  readonly #pinged = new WeakSet<Redis>();
  readonly #onError: (error: Error) => void;
  #isDestroyed = false;

  /**
   * @param ioredis - `undefined` if the program passes a client of its own, which is duplicated.
   * @param isCluster - whether to connect to the Redis Cluster of which `connection` names a node.
   * @param onError - receives the errors of connections that have become silent.
   */
  constructor(
    connection: string | ConnectionOptions,
    ioredis: typeof Ioredis | undefined,
    isCluster: boolean,
    factory: typeof createRedisBackend,
    onError: (error: Error) => void,
  ) {
    this.#onError = onError;
    this.#client = this.#track(this.#create(connection, ioredis, isCluster));
    this.connection = this.#client as never;
    this.factory = factory as never;
  }

  #create(connection: string | ConnectionOptions, ioredis: typeof Ioredis | undefined, toCluster: boolean): Client {
    if (ioredis === undefined) {
      const own = connection as Client;
      if (isCluster(own)) return own.duplicate([], { redisOptions: this.#complete(own.options.redisOptions ?? {}) });
      return own.duplicate(this.#complete(own.options));
    }
    const { url, ...options } = (typeof connection === 'string' ? { url: connection } : connection) as RedisOptions & {
      url?: string;
    };
    const all = { ...this.#complete(options), lazyConnect: toCluster };
    const client = url === undefined ? new ioredis.Redis(all) : new ioredis.Redis(url, all);
    if (!toCluster) return client;
    // ioredis has now read the URL.
    const { host, port, ...redisOptions } = client.options;
    return new ioredis.Cluster([{ host: host as string, port: port as number }], { redisOptions });
  }

  #complete({ retryStrategy = getRetryDelay, ...options }: RedisOptions): RedisOptions {
    return {
      disconnectTimeout: DISCONNECT_TIMEOUT,
      ...options,
      keepAlive: options.keepAlive || KEEP_ALIVE,
      // Commands wait for the connection to reopen.
      maxRetriesPerRequest: null,
      // A client ended while it was connecting would keep trying, and keep the program alive.
      retryStrategy: (tries) => (this.#isDestroyed ? null : (retryStrategy?.(tries) ?? null)),
    };
  }

  #track<C extends Client>(client: C): C {
    this.#clients.add(client);
    client.on('end', () => this.#clients.delete(client));
    client.on('connecting', () => {
      // BullMQ ends some clients and starts them again.
      this.#clients.add(client);
      this.#reconnecting.delete(client);
    });
    client.on('reconnecting', () => this.#reconnecting.add(client));
    client.on('connect', () => {
      if (!isCluster(client)) this.#answeredAt.set(client, performance.now());
    });
    // BullMQ reports errors, but not while it closes; ioredis prints those that no one listens to.
    client.on('error', () => {});
    const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => C;
    client.duplicate = ((...args: unknown[]) => this.#track(duplicate(...args))) as never;
    return client;
  }

  async readTime(): Promise<number> {
    const [seconds, microseconds] = await this.#client.time();
    return Number(seconds) * 1000 + Number(microseconds) / 1000;
  }

  check(limit: number): void {
    for (const node of this.#listNodes()) {
      if (node.status !== 'ready' && node.status !== 'connect') continue;
      const answeredAt = this.#answeredAt.get(node) ?? this.#note(node);
      if (performance.now() - answeredAt > limit) {
        this.#note(node);
        this.#onError(createSilenceError(limit));
        node.disconnect(true);
      } else if (node.status === 'ready') this.#ping(node);
    }
  }

  /** A ping waits behind a command that blocks, which takes less time than the limit. */
  #ping(node: Redis): void {
    if (this.#pinged.has(node)) return;
    this.#pinged.add(node);
    const settle = () => this.#pinged.delete(node);
    node.ping().then(() => {
      settle();
      this.#note(node);
    }, settle);
  }

  forgive(): void {
    for (const node of this.#listNodes()) this.#note(node);
  }

  #note(node: Redis): number {
    const now = performance.now();
    this.#answeredAt.set(node, now);
    return now;
  }

  #listNodes(): Redis[] {
    return [...this.#clients].flatMap((client) => (isCluster(client) ? client.nodes('master') : [client]));
  }

  destroy(): void {
    this.#isDestroyed = true;
    for (const client of this.#clients) {
      if (this.#reconnecting.has(client)) {
        // Otherwise the commands that wait for it would wait for ever: only a client that connects can fail.
        client.disconnect();
        client.connect().catch(() => {});
      }
      client.disconnect();
    }
  }
}

function isCluster(client: Client): client is Cluster {
  return client.isCluster;
}
