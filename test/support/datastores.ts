import { DistributedPool, type DistributedPoolOptions } from 'aiomultiprocess/distributed';
import { Redis } from 'ioredis';
import pg from 'pg';
import { HostProcess } from './hosts.ts';
import { startPostgres, startRedis, type TestServer } from './servers.ts';

/** A kind of datastore, and how to get at the contents of one without the library. */
export interface Store {
  name: string;
  start(): Promise<TestServer>;
  /** Lists the contents for queues with this prefix: jobs, and everything that grows with them. */
  look(url: string, queue: string): Promise<string[]>;
  /** Deletes all contents while programs are connected. */
  flush(url: string): Promise<unknown>;
  /** Makes all writes fail: Redis is out of memory, PostgreSQL is read-only as after a failover. */
  refuseWrites(url: string): Promise<unknown>;
  acceptWrites(url: string): Promise<unknown>;
}

export const REDIS: Store = {
  name: 'Redis',
  start: startRedis,
  look: async (url, queue) => {
    const keys = await withRedis(url, (client) => client.keys(`bull:${queue}*`));
    return keys.filter(
      (key) => !/:(events|id|meta|stalled-check|marker|delayed)$/.test(key) || /-(results|broadcasts)-/.test(key),
    );
  },
  flush: (url) => withRedis(url, (client) => client.flushall()),
  refuseWrites: (url) => withRedis(url, (client) => client.config('SET', 'maxmemory', '1')),
  acceptWrites: (url) => withRedis(url, (client) => client.config('SET', 'maxmemory', '0')),
};

/** PostgreSQL's code. */
const DEADLOCK = '40P01';

export const POSTGRES: Store = {
  name: 'PostgreSQL',
  start: startPostgres,
  look: async (url, queue) => {
    const { rows: tables } = await queryPostgres(url, "SELECT 1 FROM pg_tables WHERE schemaname = 'bullmq'");
    if (tables.length === 0) return [];
    const { rows } = await queryPostgres(url, 'SELECT queue, id FROM bullmq.job WHERE starts_with(queue, $1)', [queue]);
    return rows.map(({ queue, id }) => `${queue} ${id}`);
  },
  flush: async (url) => {
    const { rows } = await queryPostgres(
      url,
      "SELECT tablename FROM pg_tables WHERE schemaname = 'bullmq' AND tablename NOT LIKE '%migration%'",
    );
    const truncate = `TRUNCATE ${rows.map(({ tablename }) => `bullmq."${tablename}"`).join()} CASCADE`;
    for (;;) {
      try {
        await queryPostgres(url, truncate);
        return;
      } catch (error) {
        // It locks all tables, and clients lock them in another order: PostgreSQL then refuses one of the two.
        if ((error as { code?: string }).code !== DEADLOCK) throw error;
      }
    }
  },
  refuseWrites: (url) => setReadOnly(url, 'on'),
  acceptWrites: (url) => setReadOnly(url, 'off'),
};

async function withRedis<T>(url: string, body: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  try {
    return await body(client);
  } finally {
    client.disconnect();
  }
}

async function queryPostgres(url: string, query: string, values: unknown[] = []): Promise<pg.QueryResult> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await client.query(query, values);
  } finally {
    await client.end();
  }
}

async function setReadOnly(url: string, value: 'on' | 'off'): Promise<void> {
  await queryPostgres(url, `ALTER SYSTEM SET default_transaction_read_only = ${value}`);
  await queryPostgres(url, 'SELECT pg_reload_conf()');
}

/** A datastore with a queue and hosts for one test. */
export class Setting {
  readonly server: TestServer;
  readonly queue: string;
  readonly hosts = new Set<HostProcess>();
  readonly #store: Store;

  constructor(server: TestServer, queue: string, store: Store) {
    this.server = server;
    this.queue = queue;
    this.#store = store;
  }

  async startHost(...args: string[]): Promise<HostProcess> {
    const host = new HostProcess(this.queue, this.server.url, args);
    this.hosts.add(host);
    await host.ready();
    return host;
  }

  async withPool<T>(
    body: (pool: DistributedPool) => Promise<T>,
    options?: Partial<DistributedPoolOptions>,
  ): Promise<T> {
    const pool = new DistributedPool({ queue: this.queue, connection: this.server.url, ...options });
    try {
      return await body(pool);
    } finally {
      pool.terminate();
      await pool.join();
    }
  }

  /** Makes all writes fail, until {@link acceptWrites}. */
  async refuseWrites(): Promise<void> {
    await this.#store.refuseWrites(this.server.url);
  }

  async acceptWrites(): Promise<void> {
    await this.#store.acceptWrites(this.server.url);
  }

  /** The contents of the datastore for the queue. */
  look(): Promise<string[]> {
    return this.#store.look(this.server.url, this.queue);
  }
}

/** Defines the same tests for each datastore. */
export function describeDatastores(define: (setting: () => Setting) => void): void {
  describe.each([REDIS, POSTGRES])('on $name', (store) => {
    let server: TestServer;
    let setting: Setting;
    let queues = 0;
    beforeAll(async () => {
      server = await store.start();
    });
    beforeEach(() => {
      setting = new Setting(server, `queue-${++queues}-`, store);
    });
    afterEach(() => Promise.all([...setting.hosts].map((host) => host.end())));
    afterAll(() => server.remove());
    define(() => setting);
  });
}
