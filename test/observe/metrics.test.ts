import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'aiomultiprocess';
import { registerMetrics } from 'aiomultiprocess/metrics';
import client, { Registry } from 'prom-client';
import { failOdd, work } from '../fixtures/observe/work.js';
import { pid } from '../fixtures/pool/tasks.js';
import { findProgram } from '../support/find-program.ts';
import { node, root } from '../support/run.ts';

/** Reads the metrics over HTTP, as a Prometheus server does. */
async function scrape(registry: Registry): Promise<string> {
  const server = createServer(async (_, response) => {
    response.setHeader('content-type', registry.contentType);
    response.end(await registry.metrics());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    return await response.text();
  } finally {
    server.close();
  }
}

/** The value of a series; `undefined` if it does not exist. */
function readValue(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const line = text
    .split('\n')
    .find((each) => /^\w+/.exec(each)?.[0] === name && wanted.every((label) => each.includes(label)));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

async function measure(body: (pool: Pool) => Promise<unknown>, options = {}): Promise<string> {
  const registry = new Registry();
  return Pool.using({ processes: 2, name: 'shop' }, async (pool) => {
    await registerMetrics(pool, { registry, ...options });
    // Otherwise the first process to start could run all tasks.
    await pool.ready();
    await body(pool);
    return scrape(registry);
  });
}

test('metrics of tasks, times and processes have conventional names and units', async () => {
  const text = await measure(async (pool) => {
    await pool.map(work, Array(20).fill(20));
    await pool.map(failOdd, [1, 2, 3], { retries: 1 }).settled();
    const controller = new AbortController();
    pool.once('taskStarted', () => setTimeout(() => controller.abort(), 30));
    await expect(pool.apply(work, [5000], { signal: controller.signal })).rejects.toThrow();
  });
  const shop = (labels = {}) => ({ pool: 'shop', ...labels });
  expect(readValue(text, 'aiomultiprocess_tasks_total', shop({ task: 'work', outcome: 'succeeded' }))).toBe(20);
  expect(readValue(text, 'aiomultiprocess_tasks_total', shop({ task: 'work', outcome: 'cancelled' }))).toBe(1);
  expect(readValue(text, 'aiomultiprocess_tasks_total', shop({ task: 'failOdd', outcome: 'failed' }))).toBe(2);
  expect(readValue(text, 'aiomultiprocess_task_retries_total', shop({ task: 'failOdd' }))).toBe(2);
  expect(readValue(text, 'aiomultiprocess_tasks_queued', shop())).toBe(0);
  expect(readValue(text, 'aiomultiprocess_tasks_running', shop())).toBe(1);
  expect(readValue(text, 'aiomultiprocess_processes', shop({ state: 'ready' }))).toBe(2);
  expect(readValue(text, 'aiomultiprocess_process_starts_total', shop())).toBe(2);
  const seconds = readValue(text, 'aiomultiprocess_task_duration_seconds_sum', shop({ task: 'work' })) as number;
  expect(seconds).toBeGreaterThan(20 * 0.018);
  expect(seconds).toBeLessThan(20);
  expect(readValue(text, 'aiomultiprocess_task_duration_seconds_bucket', { task: 'work', le: '0.01' })).toBe(0);
  expect(readValue(text, 'aiomultiprocess_task_wait_seconds_count', shop({ task: 'failOdd' }))).toBe(3);
  expect(readValue(text, 'aiomultiprocess_process_resident_memory_bytes', shop({ place: '0' }))).toBeGreaterThan(10e6);
  expect(
    readValue(text, 'aiomultiprocess_process_event_loop_active_seconds_total', shop({ place: '1' })),
  ).toBeGreaterThan(0);
});

test('Prometheus reads the metrics, and its linter has no complaints', async () => {
  const promtool = findProgram('promtool', 'prometheus');
  const text = await measure((pool) => pool.map(failOdd, [1, 2, 3, 4], { retries: 1 }).settled());
  const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  // On a new machine the package has to be installed first, perhaps after that of another test.
}, 180_000);

test('pools share a registry, and a removed pool disappears from the gauges', async () => {
  const registry = new Registry();
  await Pool.using({ processes: 1, name: 'first' }, (first) =>
    Pool.using({ processes: 1, name: 'second' }, async (second) => {
      const remove = await registerMetrics(first, { registry });
      await registerMetrics(second, { registry });
      // A second registration has no effect.
      await registerMetrics(second, { registry });
      await Promise.all([first.apply(pid), second.apply(pid)]);
      remove();
      await first.apply(pid);
      const text = await scrape(registry);
      expect(readValue(text, 'aiomultiprocess_tasks_total', { pool: 'first' })).toBe(1);
      expect(readValue(text, 'aiomultiprocess_tasks_total', { pool: 'second' })).toBe(1);
      expect(readValue(text, 'aiomultiprocess_processes', { pool: 'first' })).toBeUndefined();
      expect(readValue(text, 'aiomultiprocess_processes', { pool: 'second' })).toBe(1);
    }),
  );
});

test('the default registry is that of prom-client; prefix and buckets can be chosen', async () => {
  await Pool.using({ processes: 1, name: 'chosen' }, async (pool) => {
    const remove = await registerMetrics(pool, { prefix: 'my_', buckets: [1, 2] });
    await pool.apply(work, [5]);
    const text = await client.register.metrics();
    remove();
    client.register.clear();
    expect(text).toContain('my_tasks_total{pool="chosen",task="work",outcome="succeeded"} 1');
    expect(text.match(/my_task_duration_seconds_bucket/g)).toHaveLength(3);
  });
});

describe('a pool that is registered again', () => {
  const count = async (registry: Registry) => readValue(await registry.metrics(), 'aiomultiprocess_tasks_total');
  const withPool = (body: (pool: Pool, registry: Registry) => Promise<void>) =>
    Pool.using({ processes: 1, name: 'again' }, (pool) => body(pool, new Registry()));

  test('is counted once, whichever function removed it before', () =>
    withPool(async (pool, registry) => {
      const first = await registerMetrics(pool, { registry });
      const second = await registerMetrics(pool, { registry });
      second();
      await pool.apply(pid);
      expect(await count(registry)).toBeUndefined();
      await registerMetrics(pool, { registry });
      first();
      await pool.apply(pid);
      expect(await count(registry)).toBe(1);
    }));

  test('starts from zero in a registry that was cleared', () =>
    withPool(async (pool, registry) => {
      await registerMetrics(pool, { registry });
      await pool.apply(pid);
      registry.clear();
      await registerMetrics(pool, { registry, prefix: 'new_' });
      await pool.apply(pid);
      const text = await registry.metrics();
      expect(readValue(text, 'new_tasks_total')).toBe(1);
      expect(readValue(text, 'new_processes')).toBe(1);
    }));

  test('finds none of its metrics registered if one of them could not be', () =>
    withPool(async (pool, registry) => {
      new client.Gauge({
        name: 'aiomultiprocess_tasks_queued',
        help: 'A metric of the program.',
        registers: [registry],
      });
      await expect(registerMetrics(pool, { registry })).rejects.toThrow('aiomultiprocess_tasks_queued has already');
      expect(registry.getMetricsAsArray().map(({ name }) => name)).toEqual(['aiomultiprocess_tasks_queued']);
      registry.clear();
      await registerMetrics(pool, { registry });
      await pool.apply(pid);
      expect(await count(registry)).toBe(1);
    }));
});

test('invalid arguments are rejected, and a prefix or buckets that differ from those of the first pool', async () => {
  const registry = new Registry();
  await Pool.using({ processes: 1 }, async (pool) => {
    const wrong: [unknown, unknown, string][] = [
      [{}, {}, 'registerMetrics: expected a Pool'],
      [pool, null, 'registerMetrics: expected an object with options, got null'],
      [pool, { register: registry }, 'unknown option "register"'],
      [pool, { registry: {} }, 'option "registry": expected a Registry of prom-client'],
      [pool, { registry, prefix: 5 }, 'option "prefix": expected a string'],
      [pool, { registry, prefix: 'my-' }, 'option "prefix": expected a string that may begin a name, got "my-"'],
      [pool, { registry, buckets: [1, 1] }, 'option "buckets": expected an array of numbers in ascending order'],
      [pool, { registry, buckets: ['1'] }, 'option "buckets": expected an array of numbers'],
    ];
    for (const [given, options, message] of wrong) {
      const error = await registerMetrics(given as Pool, options as object).catch((reason) => reason);
      expect([error.constructor, error.message]).toEqual([TypeError, expect.stringContaining(message)]);
    }
    expect(registry.getMetricsAsArray()).toEqual([]);
    await registerMetrics(pool, { registry, prefix: 'my_', buckets: [1, 2] });
    await registerMetrics(pool, { registry, prefix: 'my_', buckets: [1, 2] });
    await registerMetrics(pool, { registry });
    const other = (options: object) => registerMetrics(pool, { registry, ...options });
    await expect(other({ prefix: 'your_' })).rejects.toThrow(
      'option "prefix" of the first pool in this registry is "my_"',
    );
    await expect(other({ buckets: [1, 3] })).rejects.toThrow(
      'option "buckets" of the first pool in this registry is [1,2]',
    );
  });
});

test('without prom-client the error names the package to install', async () => {
  const program = `${root}test/fixtures/observe/programs/without-prom-client.mjs`;
  expect(await node(['--disable-warning=DEP0205', program])).toEqual({
    code: 0,
    stdout:
      'MissingPackageError prom-client ' +
      'aiomultiprocess/metrics needs the package prom-client, which is not installed: npm install prom-client\n',
    stderr: '',
  });
});
