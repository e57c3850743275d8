import { DistributedPool, type DistributedPoolOptions } from 'aiomultiprocess/distributed';
import { Redis } from 'ioredis';
import pg from 'pg';
import { HostProcess } from './hosts.ts';
import { startPostgres, startRedis, type TestServer } from './servers.ts';

/** Lists the contents of a datastore for queues with this prefix: jobs, and everything that grows with them. */
type Look = (url: string, queue: string) => Promise<string[]>;

const lookIntoRedis: Look = async (url, queue) => {
  const client = new Redis(url);
  const keys = await client.keys(`bull:${queue}*`);
  client.disconnect();
  return keys.filter(
    (key) => !/:(events|id|meta|stalled-check|marker|delayed)$/.test(key) || key.includes('-results-'),
  );
};

const lookIntoPostgres: Look = async (url, queue) => {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query('SELECT queue, id FROM bullmq.job WHERE starts_with(queue, $1)', [queue]);
  await client.end();
  return rows.map(({ queue, id }) => `${queue} ${id}`);
};

/** A datastore with a queue and hosts for one test. */
export class Setting {
  readonly server: TestServer;
  readonly queue: string;
  readonly hosts = new Set<HostProcess>();
  readonly #look: Look;

  constructor(server: TestServer, queue: string, look: Look) {
    this.server = server;
    this.queue = queue;
    this.#look = look;
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

  /** The contents of the datastore for the queue. */
  look(): Promise<string[]> {
    return this.#look(this.server.url, this.queue);
  }
}

/** Defines the same tests for each datastore. */
export function describeDatastores(define: (setting: () => Setting) => void): void {
  describe.each<[string, () => Promise<TestServer>, Look]>([
    ['Redis', startRedis, lookIntoRedis],
    ['PostgreSQL', startPostgres, lookIntoPostgres],
  ])('on %s', (_, startServer, look) => {
    let server: TestServer;
    let setting: Setting;
    let queues = 0;
    beforeAll(async () => {
      server = await startServer();
    });
    beforeEach(() => {
      setting = new Setting(server, `queue-${++queues}-`, look);
    });
    afterEach(() => Promise.all([...setting.hosts].map((host) => host.end())));
    afterAll(() => server.remove());
    define(() => setting);
  });
}
