/** Hosts and callers that stop: what happens to their tasks, and that they end whatever the datastore does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { waitAt } from '../fixtures/pool/gate.js';
import { describeDatastores } from '../support/datastores.ts';
import { withGate } from '../support/gate.ts';
import { fixtures } from '../support/hosts.ts';
import { until } from '../support/until.ts';

/** Locks so long that a job can only come back because its host returns it. */
const LONG_LOCKS = ['--lock-duration', '10m', '--stalled-interval', '10m'];

/** How long a host or caller may take to end after its grace period, in milliseconds. */
const MAX_ENDING = 5000;

describeDatastores((setting) => {
  test('a host that receives SIGTERM returns at once the tasks that have not begun', async () => {
    const slots = ['--concurrency', '4'];
    const first = await setting().startHost(...LONG_LOCKS, ...slots, '--grace-period', '10m');
    await setting().withPool(
      async (pool) => {
        await withGate(async (gate) => {
          const results = pool.map(waitAt, Array(10).fill(gate.port));
          await gate.arrived(4);
          await setting().startHost(...LONG_LOCKS);
          const ended = first.end('SIGTERM');
          // Before the grace period ends.
          await gate.arrived(10);
          gate.open();
          expect(await results).toHaveLength(10);
          expect(await ended).toBe(0);
          expect(gate.arrivals).toHaveLength(10);
        });
      },
      { chunkSize: 10 },
    );
  }, 60_000);

  test('a host that receives SIGTERM returns running tasks at the end of the grace period, and an idle host notices', async () => {
    const first = await setting().startHost(...LONG_LOCKS, '--grace-period', '500');
    await setting().withPool(
      async (pool) => {
        await withGate(async (gate) => {
          const results = pool.map(waitAt, Array(3).fill(gate.port));
          await gate.arrived(3);
          gate.letOne();
          await until(() => pool.stats().done === 1);
          await setting().startHost(...LONG_LOCKS);
          const startedAt = performance.now();
          expect(await first.end('SIGTERM')).toBe(0);
          await gate.arrived(5);
          // An idle host that is not woken up looks every 5 s.
          expect(performance.now() - startedAt).toBeLessThan(500 + 3500);
          gate.open();
          expect(await results).toHaveLength(3);
          expect(gate.arrivals).toHaveLength(5);
        });
      },
      { chunkSize: 3 },
    );
  }, 60_000);

  test.each<[string, () => Promise<void> | void]>([
    ['down', () => setting().server.kill()],
    ['frozen', () => setting().server.freeze()],
  ])(
    'a host and a caller end although the datastore is %s',
    async (_, disturb) => {
      const { server, queue } = setting();
      const host = await setting().startHost('--grace-period', '500');
      const ending = withGate(async (gate) => {
        const args = [`${fixtures}distributed/programs/end-away.mjs`, server.url, queue, String(gate.port)];
        const caller = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
        const output = text(caller.stdout);
        await gate.arrived(1);
        await disturb();
        const startedAt = performance.now();
        caller.stdin.write('end\n');
        const [code] = await Promise.all([host.end('SIGTERM'), once(caller, 'exit')]);
        expect(code).toBe(0);
        expect(performance.now() - startedAt).toBeLessThan(500 + MAX_ENDING);
        expect(await output).toMatch(/^PoolTerminatedError \d+\n$/);
      });
      await ending.finally(async () => {
        await server.kill();
        await server.start();
      });
    },
    60_000,
  );
});
