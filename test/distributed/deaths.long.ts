/** The death of hosts and datastores, on each datastore. */
import { HostLostError } from 'aiomultiprocess';
import type { DistributedPool } from 'aiomultiprocess/distributed';
import { killHost, triple, tripleAfter } from '../fixtures/distributed/tasks.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { describeDatastores } from '../support/datastores.ts';
import { withGate } from '../support/gate.ts';
import { until } from '../support/until.ts';

/** Counts the results of `count` tasks by index; calls `onResult` with the number so far. */
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

describeDatastores((setting) => {
  test('every task settles once, although hosts are killed while they run tasks', async () => {
    const [first, second] = await Promise.all([setting().startHost(), setting().startHost()]);
    await setting().withPool(async (pool) => {
      const counts = await countResults(pool, 400, (done) => {
        if (done === 50) void first?.end('SIGKILL').then(() => setting().startHost());
        if (done === 150) void second?.end('SIGKILL');
      });
      expect(counts).toEqual(Array(400).fill(1));
      expect(pool.stats()).toMatchObject({ done: 400, failed: 0, queued: 0, sent: 0 });
    });
  });

  test('every task settles once, although the datastore is killed and restarted', async () => {
    const { server } = setting();
    await setting().startHost();
    await setting().withPool(async (pool) => {
      let restarted: Promise<void> | undefined;
      const counts = await countResults(pool, 300, (done) => {
        if (done === 50) restarted = server.kill().then(() => server.start());
      });
      await restarted;
      expect(counts).toEqual(Array(300).fill(1));
    });
  });

  test('a host exits on SIGTERM, although the datastore is down and a result is unsent', async () => {
    const { server } = setting();
    const host = await setting().startHost('--grace-period', '500');
    await setting().withPool(async (pool) => {
      await withGate(async (gate) => {
        pool.apply(waitAt, [gate.port]).catch(() => {});
        await gate.arrived(1);
        await server.kill();
        gate.open();
        expect(await host.end('SIGTERM')).toBe(0);
        await server.start();
        await until(() =>
          setting()
            .look()
            .then(
              () => true,
              () => false,
            ),
        );
      });
    });
  }, 60_000);

  test('a task that kills every host rejects with HostLostError, and the other tasks of its chunk succeed', async () => {
    let over = false;
    const keepHost = async () => {
      while (!over) await (await setting().startHost('--max-stalled-count', '2')).exited;
    };
    const keeping = keepHost();
    await setting().withPool(async (pool) => {
      const calls = [pool.apply(triple, [1]), pool.apply(killHost), pool.apply(triple, [2])];
      const [first, second, third] = await Promise.allSettled(calls);
      expect([first, third]).toMatchObject([{ value: 3 }, { value: 6 }]);
      expect(second).toMatchObject({ reason: expect.any(HostLostError) });
    });
    over = true;
    await Promise.all([...setting().hosts].map((host) => host.end()));
    await keeping;
  });
});
