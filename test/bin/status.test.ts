import { type QueueStatus, readQueueStatus } from 'aiomultiprocess/distributed';
import { waitAt } from '../fixtures/pool/gate.js';
import { aiomultiprocess } from '../support/command.ts';
import { describeDatastores } from '../support/datastores.ts';
import { withGate } from '../support/gate.ts';
import { until } from '../support/until.ts';

describeDatastores((setting) => {
  const status = (...args: string[]) =>
    aiomultiprocess(['status', '--queue', setting().queue, '--connection', setting().server.url, ...args]);
  const read = () => readQueueStatus({ queue: setting().queue, connection: setting().server.url });

  test('status shows the tasks of a queue, and its hosts', async () => {
    expect(JSON.parse((await status('--json')).stdout) as QueueStatus).toEqual({
      queue: setting().queue,
      away: 0,
      waiting: 0,
      active: 0,
      callers: 0,
      refused: 0,
      hosts: [],
    });
    await Promise.all([setting().startHost('--name', 'same'), setting().startHost('--name', 'same')]);
    await setting().withPool(async (pool) => {
      await withGate(async (gate) => {
        const results = pool.map(waitAt, Array(100).fill(gate.port));
        await gate.arrived(32);
        let seen = await read();
        await until(async () => {
          seen = await read();
          return seen.waiting + seen.active === 100;
        });
        expect(seen.callers).toBe(1);
        expect(seen.hosts).toMatchObject([
          { name: expect.stringMatching(/^same-/), slots: 16, done: 0, failed: 0 },
          { name: expect.stringMatching(/^same-/), slots: 16 },
        ]);
        expect(seen.hosts.reduce((sum, { running }) => sum + running, 0)).toBe(seen.active);
        const { stdout } = await status();
        expect(stdout).toMatch(/^queue \S+: \d+ tasks waiting, \d+ active; 1 callers; 0 refused jobs\nhost +slots/);
        gate.open();
        await results;
      });
    });
    expect((await read()).hosts.reduce((sum, { done }) => sum + done, 0)).toBe(100);
    await until(async () => (await setting().look()).length === 0);
  }, 90_000);
});

test('status of a datastore that is not there fails', async () => {
  const { code, stdout, stderr } = await aiomultiprocess(['status', '-q', 'q', '--connection', 'redis://127.0.0.1:1']);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/the datastore has not answered for 5 s: .*ECONNREFUSED/);
});
