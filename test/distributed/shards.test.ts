/** Queues that are spread over several datastores, or over the nodes of a Redis Cluster. */
import { QueueError } from 'aiomultiprocess';
import { DistributedPool, Host, type HostOptions } from 'aiomultiprocess/distributed';
import { Cluster, Redis } from 'ioredis';
import { nameShards } from '../../dist/lib/distributed/wire/shards.js';
import { noteProcess, triple, tripleAfter } from '../fixtures/distributed/tasks.js';
import { REDIS } from '../support/datastores.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { fixtures } from '../support/hosts.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import { startPostgres, startRedis, type TestServer } from '../support/servers.ts';
import { until } from '../support/until.ts';

const modules = [`${fixtures}distributed/tasks.js`];

/** Runs the body with hosts in this process, which are closed afterwards. */
async function withHosts<T>(options: Omit<HostOptions, 'modules'>[], body: (hosts: Host[]) => Promise<T>): Promise<T> {
  const hosts = options.map((each) => new Host({ modules, pool: { processes: 1 }, ...each }));
  try {
    await Promise.all(hosts.map((host) => host.start()));
    return await body(hosts);
  } finally {
    await Promise.all(hosts.map((host) => host.close()));
  }
}

async function withPool<T>(
  options: ConstructorParameters<typeof DistributedPool>[0],
  body: (pool: DistributedPool) => Promise<T>,
): Promise<T> {
  const pool = new DistributedPool(options);
  try {
    return await body(pool);
  } finally {
    pool.terminate();
    await pool.join();
  }
}

async function readCpu(url: string): Promise<number> {
  const client = new Redis(url);
  const info = await client.info('cpu');
  client.disconnect();
  return ['used_cpu_user', 'used_cpu_sys'].reduce(
    (sum, name) => sum + Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]),
    0,
  );
}

const count = (last: number) => Array.from({ length: last }, (_, index) => index);

describe('a Redis Cluster of three masters', () => {
  let nodes: TestServer[];
  beforeAll(async () => {
    nodes = await startRedisCluster(3);
  });
  afterAll(() => Promise.all(nodes.map((node) => node.remove())));

  test('shares the work of three shards evenly', async () => {
    const [first] = nodes as [TestServer, ...TestServer[]];
    const options = { queue: 'even', connection: first.url, shards: 3 };
    await withHosts([options], () =>
      withPool({ ...options, chunkSize: 1 }, async (pool) => {
        await pool.map(triple, count(30));
        const before = await Promise.all(nodes.map(({ url }) => readCpu(url)));
        expect(await pool.map(triple, count(300))).toEqual(count(300).map((value) => value * 3));
        const after = await Promise.all(nodes.map(({ url }) => readCpu(url)));
        const used = after.map((cpu, index) => cpu - (before[index] as number));
        const sum = used.reduce((total, cpu) => total + cpu, 0);
        for (const cpu of used) expect([cpu / sum, used]).toEqual([expect.closeTo(1 / 3, 0.15), used]);
      }),
    );
    for (const { url } of nodes) expect(await REDIS.look(url, '{even')).toEqual([]);
  }, 120_000);

  test('takes a Cluster of ioredis, and a client of a single node is refused', async () => {
    const [first] = nodes as [TestServer, ...TestServer[]];
    const { hostname, port } = new URL(first.url);
    const cluster = new Cluster([{ host: hostname, port: Number(port) }]);
    const options = { queue: 'own', connection: cluster, shards: 3 };
    await withHosts([options], () =>
      withPool(options, async (pool) => expect(await pool.map(triple, [1, 2, 3, 4])).toEqual([3, 6, 9, 12])),
    );
    cluster.disconnect();
    const single = new Redis({ lazyConnect: true });
    expect(() => new DistributedPool({ queue: 'q', connection: single, shards: 3 })).toThrow('a Cluster of ioredis');
  });

  test('has the slots that the names of shards are made for', async () => {
    const [first] = nodes as [TestServer, ...TestServer[]];
    const client = new Redis(first.url);
    for (const shards of [1, 3, 7]) {
      const slots = await Promise.all(nameShards('ä queue', shards).map((name) => client.cluster('KEYSLOT', name)));
      expect(slots.map((slot) => Math.floor((slot * shards) / 16_384))).toEqual(count(shards));
    }
    client.disconnect();
  });
});

describe('several datastores', () => {
  let servers: TestServer[];
  beforeEach(async () => {
    servers = await Promise.all([startRedis(), startRedis(), startPostgres()]);
  });
  afterEach(() => Promise.all(servers.map((server) => server.remove())));
  const urls = () => servers.map(({ url }) => url);

  test('share the tasks; a host takes only from the shards that it was given', async () => {
    const shared = { queue: 'some', connection: urls() };
    const hosts = [
      { ...shared, takeFrom: [0] },
      { ...shared, takeFrom: [1, 2] },
    ];
    await withHosts(hosts, ([first, second]) =>
      withPool({ ...shared, chunkSize: 1 }, async (pool) => {
        const args = count(120).map((value): [number, number] => [value, 5]);
        expect(await pool.starmap(tripleAfter, args)).toEqual(count(120).map((value) => value * 3));
        const done = [first, second].map((host) => host?.stats().done ?? 0);
        expect(done[0]).toBeGreaterThan(10);
        expect(done[1]).toBeGreaterThan(20);
        expect(pool.stats()).toMatchObject({ done: 120, queued: 0, sent: 0 });
      }),
    );
  });

  test('a broadcast runs once in each process, whatever the shards of its host, and without a shard that is away', async () => {
    const shared = { queue: 'broadcast', connection: urls(), pool: { processes: 2 } };
    const hosts = [shared, { ...shared, takeFrom: [1, 2] }, { ...shared, takeFrom: [2] }];
    await withFile((file) =>
      withHosts(hosts, () =>
        withPool({ queue: 'broadcast', connection: urls() }, async (pool) => {
          const pids = (await pool.broadcast(noteProcess, [file])).map(({ pid }) => String(pid));
          expect(new Set(pids).size).toBe(6);
          expect((await linesOf(file)).sort()).toEqual(pids.sort());
          await servers[0]?.kill();
          expect(await pool.broadcast(triple, [1])).toHaveLength(6);
        }),
      ),
    );
  }, 60_000);

  test('one of which is killed and stays away stop nothing: tasks that were sent through it run elsewhere', async () => {
    const shared = { queue: 'away', connection: urls(), heartbeatTimeout: 1000 };
    // The end of the host does not wait either for what came through it.
    await withHosts([{ ...shared, gracePeriod: 300_000 }], () =>
      withPool({ ...shared, chunkSize: 1, leaseDuration: 1000 }, async (pool) => {
        const args = count(200).map((value): [number, number] => [value, 10]);
        const results = new Map<number, number>();
        for await (const { index, value } of pool.starmap(tripleAfter, args).unordered()) {
          expect([results.has(index), value]).toEqual([false, index * 3]);
          results.set(index, value);
          if (results.size === 60) await servers[1]?.kill();
        }
        expect(results.size).toBe(200);
        expect(await pool.map(triple, [1, 2])).toEqual([3, 6]);
      }),
    );
  }, 120_000);

  test('one of which is away at the start are used without it, and with it once it is there', async () => {
    await servers[0]?.kill();
    const shared = { queue: 'late', connection: urls() };
    await withHosts([shared], () =>
      withPool({ ...shared, chunkSize: 1 }, async (pool) => {
        expect(await pool.map(triple, [1, 2, 3])).toEqual([3, 6, 9]);
        await servers[0]?.start();
        const client = new Redis(urls()[0] as string);
        await until(async () => {
          await pool.map(triple, count(9));
          return (
            (await client.hget('bull:late:meta', 'version')) !== null || (await client.exists('bull:late:id')) === 1
          );
        });
        client.disconnect();
      }),
    );
  }, 120_000);
});

test('a pool whose datastores all refuse it rejects', async () => {
  const server = await startRedis();
  const client = new Redis(server.url);
  await client.config('SET', 'requirepass', 'right');
  await withPool({ queue: 'q', connection: [server.url, server.url] }, async (pool) => {
    await expect(pool.ready()).rejects.toThrow(QueueError);
    await expect(pool.apply(triple, [1])).rejects.toThrow(QueueError);
  });
  const host = new Host({ queue: 'q', connection: [server.url, server.url], modules, pool: { processes: 1 } });
  await expect(host.start()).rejects.toThrow(QueueError);
  client.disconnect();
  await server.remove();
});

test.each<[string, Omit<HostOptions, 'modules'>, string]>([
  ['no datastore', { queue: 'q', connection: [] }, 'an array of these'],
  ['an invalid datastore', { queue: 'q', connection: ['redis://a', 'b'] }, 'an array of these'],
  ['shards of several datastores', { queue: 'q', connection: ['redis://a'], shards: 2 }, 'each of them is one shard'],
  ['shards on PostgreSQL', { queue: 'q', connection: 'postgres://a', shards: 2 }, 'a Redis Cluster'],
  ['braces', { queue: '{q}', connection: 'redis://a', shards: 2 }, 'no braces'],
  ['a shard that is not there', { queue: 'q', connection: ['redis://a'], takeFrom: [1] }, 'indexes below 1, got 1'],
])('options with %s are a TypeError', (_, options, message) => {
  const create = () => new Host({ ...options, modules });
  expect(create).toThrow(TypeError);
  expect(create).toThrow(message);
});
