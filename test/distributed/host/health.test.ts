/** What a host tells orchestrators and Prometheus. */
import { DistributedPool, Host } from 'aiomultiprocess/distributed';
import { triple } from '../../fixtures/distributed/tasks.js';
import { waitAt } from '../../fixtures/pool/gate.js';
import { withGate } from '../../support/gate.ts';
import { fixtures } from '../../support/hosts.ts';
import { startPostgres, startRedis, type TestServer } from '../../support/servers.ts';
import { until } from '../../support/until.ts';

const modules = [`${fixtures}distributed/tasks.js`, `${fixtures}pool/gate.js`];

async function withHost(
  server: TestServer,
  options: { heartbeatTimeout?: number },
  body: (get: (path: string) => Promise<Response>) => Promise<void>,
) {
  const pool = { processes: 1, childConcurrency: { fixed: 4 } };
  const host = new Host({ queue: 'q', connection: server.url, modules, pool, port: 0, ...options });
  await host.start();
  try {
    await body((path) => fetch(`http://127.0.0.1:${host.port}${path}`));
  } finally {
    await host.close();
    await server.remove();
  }
}

async function readMetric(get: (path: string) => Promise<Response>, name: string): Promise<number | undefined> {
  const text = await (await get('/metrics')).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length));
}

test('/healthz follows the datastore, and /livez does not', async () => {
  const server = await startRedis();
  await withHost(server, { heartbeatTimeout: 1000 }, async (get) => {
    const datastore = async () => ((await (await get('/healthz')).json()) as { datastore: string }).datastore;
    await until(async () => (await datastore()) === 'ready');
    expect((await get('/healthz')).status).toBe(200);
    await server.kill();
    await until(async () => (await get('/healthz')).status === 503);
    expect(await datastore()).toBe('away');
    expect((await get('/livez')).status).toBe(200);
    expect(await readMetric(get, 'aiomultiprocess_host_datastore{state="away"}')).toBe(1);
    expect(await readMetric(get, 'aiomultiprocess_queue_waiting_tasks{queue="q"}')).toBeUndefined();
    await server.start();
    await until(async () => (await get('/healthz')).status === 200);
    expect(await readMetric(get, 'aiomultiprocess_host_datastore{state="away"}')).toBe(0);
  });
});

test.each([
  ['Redis', startRedis],
  ['PostgreSQL', startPostgres],
])(
  'metrics count the tasks that wait in %s and in callers',
  async (_, startServer) => {
    const server = await startServer();
    await withHost(server, {}, async (get) => {
      const pool = new DistributedPool({ queue: 'q', connection: server.url, leaseDuration: 8000 });
      await pool.apply(triple, [1]);
      await withGate(async (gate) => {
        const results = pool.map(waitAt, Array(200).fill(gate.port));
        const read = (name: string) => readMetric(get, `aiomultiprocess_queue_${name}{queue="q"}`);
        await gate.arrived(4);
        // All tasks are either waiting or active, once the caller has reported what it keeps.
        await until(async () => Number(await read('waiting_tasks')) + Number(await read('active_tasks')) === 200);
        expect(await read('active_tasks')).toBeLessThan(20);
        expect(await read('callers')).toBe(1);
        const lease = await readMetric(get, 'aiomultiprocess_host_lease_seconds');
        expect(lease).toBeGreaterThan(0);
        expect(lease).toBeLessThanOrEqual(8);
        gate.open();
        await results;
        await until(async () => (await read('waiting_tasks')) === 0 && (await read('active_tasks')) === 0);
      });
      pool.close();
      await pool.join();
    });
  },
  60_000,
);
