/** How the work is spread over hosts, and bounded, when round trips are long, tasks change, or consumers are slow. */
import { DistributedPool, type DistributedPoolOptions } from 'aiomultiprocess/distributed';
import { makeText, triple, tripleAfter } from '../fixtures/distributed/tasks.js';
import { type HostProcess, startHosts } from '../support/hosts.ts';
import { startRedis, type TestServer } from '../support/servers.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

let redis: TestServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.remove());

/** Runs the body with hosts that reach the datastore at this URL, and a pool on their queue. */
async function withHosts(
  count: number,
  queue: string,
  url: string,
  body: (pool: DistributedPool, hosts: HostProcess[]) => Promise<void>,
  options: Partial<DistributedPoolOptions> = {},
): Promise<void> {
  const hosts = await startHosts(count, queue, url, ['--port', '0']);
  const pool = new DistributedPool({ queue, connection: redis.url, ...options });
  try {
    await body(pool, hosts);
  } finally {
    pool.terminate();
    await pool.join();
    await Promise.all(hosts.map((host) => host.end()));
  }
}

test('a host that is far from the datastore fetches several chunks at once', async () => {
  const roundTrip = 200;
  const proxy = await TcpProxy.start(redis.url, roundTrip);
  await withHosts(
    1,
    'far',
    proxy.url,
    async (pool) => {
      await pool.apply(triple, [1]);
      const started = performance.now();
      await pool.map(triple, Array(64).fill(1));
      // One fetch after the other would take 64 round trips.
      expect(performance.now() - started).toBeLessThan(32 * roundTrip);
    },
    { chunkSize: 1 },
  );
  await proxy.close();
});

test('a function that was fast once is split over the hosts when it is slow', async () => {
  await withHosts(2, 'changed', redis.url, async (pool, hosts) => {
    // Tasks that wait make sure that the pool knows both hosts.
    await pool.starmap(tripleAfter, Array(64).fill([1, 50]));
    await pool.starmap(tripleAfter, Array(20_000).fill([1, 0]));
    const countDone = () => Promise.all(hosts.map(async (host) => (await host.stats()).done));
    const before = await countDone();
    await pool.starmap(tripleAfter, Array(64).fill([1, 500]));
    const after = await countDone();
    const done = after.map((each, index) => each - (before[index] as number));
    expect(done).toEqual([32, 32]);
  });
});

test('maxWaitingBytes bounds the results that wait for a slow consumer of a stream', async () => {
  const size = 200_000;
  await withHosts(
    1,
    'slow',
    redis.url,
    async (pool) => {
      await pool.map(makeText, [size, size]);
      let taken = 0;
      function* sizes() {
        for (; taken < 1000; taken++) yield size;
      }
      let consumed = 0;
      let most = 0;
      for await (const text of pool.map(makeText, sizes())) {
        expect(text.length).toBe(size);
        await new Promise((resolve) => setTimeout(resolve, 20));
        most = Math.max(most, taken - consumed);
        if (++consumed === 40) break;
      }
      // In the datastore and in this process, and one item that was taken before.
      expect(most).toBeLessThanOrEqual(2 * 5 + 2);
      expect(most).toBeGreaterThan(1);
    },
    { maxWaitingBytes: 5 * size },
  );
});
