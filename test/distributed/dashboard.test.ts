/** What a dashboard knows of the hosts of a distributed pool. */
import { setTimeout } from 'node:timers/promises';
import { DistributedPool, Host } from 'aiomultiprocess/distributed';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { HostSnapshot, PoolSnapshot, Snapshot } from '../../lib/dashboard/snapshot.ts';
import { triple, tripleAfter } from '../fixtures/distributed/tasks.js';
import { throwRangeError } from '../fixtures/pool/failing.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { Viewer } from '../support/dashboard.ts';
import { describeDatastores } from '../support/datastores.ts';
import { withGate } from '../support/gate.ts';
import { fixtures, type HostProcess } from '../support/hosts.ts';
import { startRedis, type TestServer } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** Finds the first state of the distributed pool that fulfils a condition. */
type Find = (isWanted: (hosts: readonly HostSnapshot[], pool: PoolSnapshot) => unknown) => Promise<HostSnapshot[]>;

/** Runs the body while a page shows the pool. */
async function withPage<T>(pool: DistributedPool, body: (find: Find, viewer: Viewer) => Promise<T>): Promise<T> {
  const dashboard = await pool.dashboard({ print: false });
  try {
    return await Viewer.using(dashboard, (viewer) => body(findIn(viewer), viewer));
  } finally {
    await dashboard.close();
  }
}

function findIn(viewer: Viewer): Find {
  const poolOf = ({ pools }: Snapshot) =>
    pools.find(({ kind, state }) => kind === 'distributed' && state !== 'ended') as PoolSnapshot;
  return async (isWanted) => {
    const found = await viewer.find((snapshot) => isWanted(poolOf(snapshot).hosts ?? [], poolOf(snapshot)));
    return poolOf(found).hosts ?? [];
  };
}

async function withQueue<T>(name: string, url: string, body: (queue: Queue) => Promise<T>): Promise<T> {
  const queue = new Queue(name, { connection: { url } });
  try {
    return await body(queue);
  } finally {
    await queue.close();
  }
}

const isOf =
  ({ pid }: HostProcess) =>
  ({ name }: HostSnapshot) =>
    name.includes(`-${pid}-`);

describeDatastores((setting) => {
  test('shows every host while it lives, with its processes, tasks and chunks, and leaves nothing behind', async () => {
    const hosts = [await setting().startHost('--processes', '2'), await setting().startHost()] as const;
    await setting().withPool(
      (pool) =>
        withPage(pool, async (find) => {
          await pool.ready();
          // Failures and times are those since a host is watched.
          await find((all) => all.length === 2);
          await pool.starmap(
            tripleAfter,
            Array.from({ length: 400 }, (_, value): [number, number] => [value, 20]),
          );
          await expect(pool.apply(throwRangeError, ['too far'])).rejects.toThrow();
          const busy = await find(
            (all) =>
              all.length === 2 &&
              all.reduce((sum, { pool: { done } }) => sum + done, 0) >= 400 &&
              all.some(({ pool: { failures } }) => failures.length > 0) &&
              all.every(
                ({ rate, facts, pool: { processes } }) => rate !== undefined && !facts.chunks && processes[0]?.memory,
              ),
          );
          expect(hosts.map((host) => busy.find(isOf(host))?.pool.processes.length)).toEqual([2, 1]);
          for (const { facts, pool: shown } of busy) {
            expect(shown).toMatchObject({ kind: 'host', state: 'open', done: expect.any(Number), queued: 0 });
            expect(facts).toMatchObject({ slots: 16 * shown.processes.length, chunks: 0, leases: 0 });
            expect(facts.chunkSizes).toContain(4);
            for (const least of [facts.chunkSizes.length, facts.latency, shown.done]) expect(least).toBeGreaterThan(0);
          }
          const [failure] = busy.flatMap(({ pool: { failures } }) => failures);
          expect(failure).toMatchObject({ error: 'RangeError: too far', args: "'too far'", attempt: 1 });

          await withGate(async (gate) => {
            const call = pool.apply(waitAt, [gate.port]);
            await gate.arrived(1);
            const isWaiting = ({ pool: { processes } }: HostSnapshot) => processes.some(({ tasks }) => tasks[0]?.args);
            const [waiting] = (await find((all) => all.some(isWaiting))).filter(isWaiting);
            expect(waiting?.facts).toMatchObject({ chunks: 1, leases: 1 });
            const lane = waiting?.pool.processes.find(({ running }) => running === 1);
            expect(lane).toMatchObject({ pid: gate.arrivals[0], state: 'ready', restarts: 0 });
            expect(lane?.tasks).toMatchObject([{ task: 'waitAt', args: String(gate.port), attempt: 1 }]);
            const idle = hosts.find((host) => !isOf(host)(waiting as HostSnapshot)) as HostProcess;
            await idle.end();
            await find((all) => all.some((host) => isOf(idle)(host) && host.age > 3000));
            const [left, ...others] = await find((all) => !all.some(isOf(idle)));
            expect([left?.name, others]).toEqual([waiting?.name, []]);
            gate.open();
            await call;
          });
        }),
      { chunkSize: 4 },
    );
    await until(async () => (await setting().look()).length === 0);
  }, 90_000);
});

describe('while it is watched', () => {
  let servers: [TestServer, TestServer];
  beforeAll(async () => {
    servers = await Promise.all([startRedis(), startRedis()]);
  });
  afterAll(() => Promise.all(servers.map((server) => server.remove())));

  /** Runs the body with a host in this process and a pool, whose first call has returned. */
  async function withHostAndPool(
    options: { queue: string; connection: string[] },
    body: (pool: DistributedPool, host: Host) => Promise<void>,
  ): Promise<void> {
    const modules = [`${fixtures}distributed/tasks.js`];
    const host = new Host({ ...options, modules, pool: { processes: 1 } });
    const pool = new DistributedPool(options);
    try {
      await host.start();
      expect(await pool.apply(triple, [1])).toBe(3);
      await body(pool, host);
    } finally {
      pool.terminate();
      await pool.join();
      await host.close();
    }
  }

  /** How many questions callers have asked, and how many messages hosts have sent, in all shards. */
  async function count(queue: string): Promise<{ asked: number; sent: number }> {
    const counts = await Promise.all(
      servers.map(async ({ url }) => {
        const client = new Redis(url);
        const results = await client.keys(`bull:${queue}-results-*:id`);
        const sent = await Promise.all(results.map(async (key) => Number(await client.get(key))));
        const asked = await client.xlen(`bull:${queue}-control:events`);
        client.disconnect();
        return { asked, sent: sent.reduce((sum, each) => sum + each, 0) };
      }),
    );
    return counts.reduce((sum, each) => ({ asked: sum.asked + each.asked, sent: sum.sent + each.sent }));
  }

  test('a host tells its state once a second, through one of its shards; otherwise nothing is sent', async () => {
    const options = { queue: 'shared', connection: servers.map(({ url }) => url) };
    await withHostAndPool(options, async (pool, host) => {
      const dashboard = await pool.dashboard({ print: false });
      const before = await count('shared');
      // Longer than it takes to ask twice.
      await setTimeout(2500);
      expect(await count('shared')).toEqual(before);
      await Viewer.using(dashboard, async (viewer) => {
        const find = findIn(viewer);
        const [first] = await find((hosts) => hosts.length > 0);
        expect(first?.name).toBe(host.name);
        await find(([shown]) => (shown?.clock ?? 0) > (first?.clock ?? 0) + 3500);
        const { asked, sent } = await count('shared');
        // Every question goes to both shards.
        const rounds = (asked - before.asked) / 2;
        expect(rounds).toBeGreaterThanOrEqual(4);
        expect(rounds).toBeLessThanOrEqual(8);
        expect(sent - before.sent).toBeLessThanOrEqual(rounds + 1);
        expect(sent - before.sent).toBeGreaterThanOrEqual(rounds - 1);
      });
      // A page that is closed may be reloaded: it counts as open for three seconds more.
      await setTimeout(3500);
      const after = await count('shared');
      await setTimeout(2500);
      expect(await count('shared')).toEqual(after);
      await dashboard.close();
    });
  });

  test('the tasks of a host are followed for its own page and for those of its callers', async () => {
    await withHostAndPool({ queue: 'both', connection: [servers[0].url] }, (pool) =>
      withPage(pool, async (find, viewer) => {
        await find((hosts) => hosts.length === 1);
        await pool.map(triple, [1, 2, 3]);
        await find(([host]) => (host?.pool.runTime.count ?? 0) > 0);
        await viewer.find(({ pools }) => pools.some(({ kind, runTime }) => kind === 'host' && runTime.count > 0));
      }),
    );
  });

  test('an invalid state of a host is an error, and is not shown', async () => {
    const { url } = servers[0];
    await withHostAndPool({ queue: 'forged', connection: [url] }, async (pool, host) => {
      const errors: string[] = [];
      pool.on('connectionError', ({ name, message }) => errors.push(`${name}: ${message}`));
      await withPage(pool, async (find) => {
        await find((hosts) => hosts.length === 1);
        const caller = await withQueue(
          'forged-leases',
          url,
          async (leases) => (await leases.getWaiting())[0]?.data.caller,
        );
        const right = { version: 3, slots: 1, roundTrip: 1, times: [], lost: [], returned: [], refused: [], body: '' };
        const wrong: [state: unknown, message: string][] = [
          [5, 'state must be a string'],
          ['', 'state must be a string'],
          ['x'.repeat(200_000), 'state must be a string of at most 131072 characters'],
          ['not JSON', 'forged 3 sent an invalid state: '],
          ['{}', 'invalid state: clock: expected a number'],
          ['{"clock":1,"facts":null}', 'invalid state: facts: expected an object'],
        ];
        await withQueue(`forged-results-${caller}`, url, async (results) => {
          for (const [at, [state]] of wrong.entries())
            await results.add('results', { ...right, host: `forged ${at}`, state });
        });
        await until(() => errors.length === wrong.length);
        for (const [, message] of wrong) expect(errors.filter((each) => each.includes(message))).not.toEqual([]);
        expect(errors).toEqual(wrong.map(() => expect.stringMatching(/^ProtocolError: /)));
        expect((await find(() => true)).map(({ name }) => name)).toEqual([host.name]);
      });
    });
  });
});
