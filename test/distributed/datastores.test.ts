/** What is lost, and what is left, when callers, hosts and datastores end: the same on each datastore. */
import { spawn } from 'node:child_process';
import { HostLostError } from 'aiomultiprocess';
import { DistributedPool, type DistributedPoolOptions } from 'aiomultiprocess/distributed';
import { Redis } from 'ioredis';
import pg from 'pg';
import { killHost, noteAndWait, triple, tripleAfter } from '../fixtures/distributed/tasks.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { linesOf, withFile } from '../support/folder.ts';
import { withGate } from '../support/gate.ts';
import { fixtures, HostProcess } from '../support/hosts.ts';
import { startPostgres, startRedis, type TestServer } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** What is in a datastore for the queues whose names begin so: jobs, and whatever else grows with them. */
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

describe.each<[string, () => Promise<TestServer>, Look]>([
  ['Redis', startRedis, lookIntoRedis],
  ['PostgreSQL', startPostgres, lookIntoPostgres],
])('on %s', (_, startServer, lookInto) => {
  let server: TestServer;
  const hosts = new Set<HostProcess>();
  let queue: string;
  let queues = 0;

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.remove());

  beforeEach(() => {
    queue = `queue-${++queues}-`;
  });
  afterEach(async () => {
    await Promise.all([...hosts].map((host) => host.end()));
    hosts.clear();
  });

  async function startHost(...args: string[]): Promise<HostProcess> {
    const host = new HostProcess(queue, server.url, args);
    hosts.add(host);
    await host.ready();
    return host;
  }

  async function withPool<T>(body: (pool: DistributedPool) => Promise<T>, options?: Partial<DistributedPoolOptions>) {
    const pool = new DistributedPool({ queue, connection: server.url, ...options });
    try {
      return await body(pool);
    } finally {
      pool.terminate();
      await pool.join();
    }
  }

  /** Results of `count` tasks, counted by index; calls `onResult` with how many there are. */
  async function countResults(pool: DistributedPool, count: number, onResult: (done: number) => void) {
    const counts = Array<number>(count).fill(0);
    const args = counts.map((_, index): [number, number] => [index, 20]);
    let done = 0;
    for await (const { index, value } of pool.starmap(tripleAfter, args).unordered()) {
      expect(value).toBe(index * 3);
      counts[index] = (counts[index] as number) + 1;
      onResult(++done);
    }
    return counts;
  }

  test('every task is answered once, though hosts are killed as they run them', async () => {
    const [first, second] = await Promise.all([startHost(), startHost()]);
    await withPool(async (pool) => {
      const counts = await countResults(pool, 400, (done) => {
        if (done === 50) void first?.end('SIGKILL').then(() => startHost());
        if (done === 150) void second?.end('SIGKILL');
      });
      expect(counts).toEqual(Array(400).fill(1));
      expect(pool.stats()).toMatchObject({ done: 400, failed: 0, queued: 0, sent: 0 });
    });
  });

  test('every task is answered once, though the datastore is killed and started again', async () => {
    await startHost();
    await withPool(async (pool) => {
      let restarted: Promise<void> | undefined;
      const counts = await countResults(pool, 300, (done) => {
        if (done === 50) restarted = server.kill().then(() => server.start());
      });
      await restarted;
      expect(counts).toEqual(Array(300).fill(1));
    });
  });

  test('a program leaves nothing of its own', async () => {
    await startHost();
    await withPool(async (pool) => {
      await pool.map(triple, [1, 2, 3]);
      expect(await lookInto(server.url, queue)).not.toEqual([]);
    });
    expect(await lookInto(server.url, queue)).toEqual([]);
  });

  test('what is there for a program disappears when it is killed, and what runs for it is aborted', async () => {
    const host = await startHost('--port', '0');
    await withGate(async (gate) => {
      const program = `${fixtures}distributed/programs/caller.mjs`;
      const caller = spawn(process.execPath, [program, server.url, queue, String(gate.port)], { stdio: 'ignore' });
      await gate.arrived(16);
      caller.kill('SIGKILL');
      await until(async () => (await host.stats()).running === 0);
      // A last look at what may have come late is due in a minute.
      await until(async () => (await lookInto(server.url, queue)).every((each) => each.includes('again-lease-')));
    });
  });

  test('a host that is told to end lets its tasks end, and takes no more', async () => {
    const host = await startHost();
    await withPool(async (pool) => {
      await withGate(async (gate) => {
        const call = pool.apply(waitAt, [gate.port]);
        await gate.arrived(1);
        const ended = host.end('SIGTERM');
        gate.open();
        await call;
        expect(await ended).toBe(0);
      });
    });
  });

  test('a host that is told to end gives back what does not end in time, and another runs it', async () => {
    const first = await startHost('--grace-period', '100');
    await withFile(async (file) => {
      await withPool(async (pool) => {
        const call = pool.starmap(noteAndWait, [
          [file, 'a', 1000],
          [file, 'b', 1000],
        ]);
        await until(async () => (await linesOf(file)).length === 2);
        expect(await first.end('SIGTERM')).toBe(0);
        await startHost();
        expect(await call).toEqual(['a', 'b']);
        expect((await linesOf(file)).sort()).toEqual(['a', 'a', 'b', 'b']);
      });
    });
  });

  test('a task that takes every host down with it is a HostLostError, and its neighbours are not lost', async () => {
    let over = false;
    const keepHost = async () => {
      while (!over) await (await startHost('--max-stalled-count', '2')).exited;
    };
    const keeping = keepHost();
    await withPool(async (pool) => {
      const calls = [pool.apply(triple, [1]), pool.apply(killHost), pool.apply(triple, [2])];
      const [first, second, third] = await Promise.allSettled(calls);
      expect([first, third]).toMatchObject([{ value: 3 }, { value: 6 }]);
      expect(second).toMatchObject({ reason: expect.any(HostLostError) });
    });
    over = true;
    await Promise.all([...hosts].map((host) => host.end()));
    await keeping;
  });
});
