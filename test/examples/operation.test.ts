/** The files of docs/examples for operating a program with a pool, and what docs/guides/deployment.md says of containers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Pool } from 'aiomultiprocess';
import { registerMetrics } from 'aiomultiprocess/metrics';
import { Registry } from 'prom-client';
import { double } from '../fixtures/pool/tasks.js';
import { findProgram } from '../support/find-program.ts';
import { root } from '../support/run.ts';

const read = (path: string) => readFileSync(`${root}docs/examples/${path}`, 'utf8');

test.each(['alerts.yaml', 'grafana.json'])('monitoring/%s uses metrics that a pool has', async (name) => {
  const registry = new Registry();
  const metrics = await Pool.using({ processes: 1 }, async (pool) => {
    await registerMetrics(pool, { registry });
    await pool.apply(double, [1]);
    return registry.metrics();
  });
  const known = new Set(Array.from(metrics.matchAll(/^# TYPE (\w+)/gm), ([, metric]) => metric));
  const used = read(`monitoring/${name}`).match(/aiomultiprocess_\w+/g) ?? [];
  expect(used.length).toBeGreaterThan(5);
  const unknown = used.map((metric) => metric.replace(/_bucket$/, '')).filter((metric) => !known.has(metric));
  expect(unknown).toEqual([]);
});

test('monitoring/grafana.json is a dashboard', () => {
  const { panels } = JSON.parse(read('monitoring/grafana.json')) as { panels: { title: string; targets: object[] }[] };
  expect(panels.length).toBeGreaterThan(5);
  for (const panel of panels) expect(panel).toMatchObject({ title: expect.any(String), targets: expect.any(Array) });
});

/** As in a container: process 1 of its namespace, without a home folder. */
test('a server ends in order as process 1', async () => {
  const unshare = findProgram('unshare', 'util-linux');
  const asUser = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const namespace = ['--pid', '--fork', '--mount-proc', '--kill-child'];
  const server = spawn(
    unshare,
    [...asUser, ...namespace, process.execPath, `${root}docs/examples/servers/fastify.js`],
    { env: { PATH: process.env.PATH, HOME: '/nonexistent', PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const [url] = await once(createInterface({ input: server.stdout }), 'line');
    const first = Number(readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8'));
    expect(readFileSync(`/proc/${first}/status`, 'utf8')).toMatch(/^NSpid:.*\s1$/m);
    const running = fetch(`${url}/wait/500`).then((response) => response.json());
    await fetch(`${url}/health`);
    process.kill(first, 'SIGTERM');
    expect(await running).toEqual({ waited: 500 });
    const [code] = server.exitCode === null ? await once(server, 'exit') : [server.exitCode];
    expect(code).toBe(0);
  } finally {
    server.kill('SIGKILL');
  }
}, 60_000);
