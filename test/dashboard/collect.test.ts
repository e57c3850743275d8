import { inspect } from 'node:util';
import { Pool } from 'aiomultiprocess';
import type { Dashboard } from 'aiomultiprocess/dashboard';
import type { PoolSnapshot, Snapshot } from '../../lib/dashboard/snapshot.ts';
import { countUp, failOddly, failWith, wait, waitWith } from '../fixtures/dashboard/tasks.js';
import { succeedAt } from '../fixtures/pool/limited.js';
import { doubleNow } from '../fixtures/pool/tasks.js';
import { act, ask, Viewer } from '../support/dashboard.ts';
import { until } from '../support/until.ts';

let pool: Pool;
let dashboard: Dashboard;
let viewer: Viewer;

beforeAll(async () => {
  pool = new Pool({ name: 'seen', processes: 2, childConcurrency: 4, maxQueueSize: 1000 });
  dashboard = await pool.dashboard({ actions: true, print: false });
  viewer = new Viewer(dashboard);
  await pool.ready();
});

afterAll(async () => {
  viewer.close();
  await dashboard.close();
  await pool[Symbol.asyncDispose]();
});

const seen = (snapshot: Snapshot) => snapshot.pools.find(({ name }) => name === 'seen') as PoolSnapshot;
const find = async (isWanted: (pool: PoolSnapshot) => unknown) =>
  seen(await viewer.find((snapshot) => isWanted(seen(snapshot))));

test('a running task has its arguments and its age in the lane of its process, and can be cancelled', async () => {
  const call = pool.apply(wait, [600_000]);
  const ended = expect(call).rejects.toThrow('the task was cancelled in the dashboard');
  const { id, processes } = await find(({ processes }) => processes.some(({ tasks }) => tasks[0]?.args !== undefined));
  const [task] = processes.flatMap(({ tasks }) => tasks);
  expect(task).toMatchObject({ task: 'wait', args: '600000', attempt: 1, age: expect.any(Number) });
  const unknown = await act(dashboard, { pool: id, action: 'cancelTask', id: 999_999 });
  expect(unknown.status).toBe(404);
  expect((await act(dashboard, { pool: id, action: 'cancelTask', id: task?.id })).status).toBe(204);
  await ended;
  await find(({ processes }) => processes.every(({ tasks }) => tasks.length === 0));
});

test('a failed task has its error, stack, arguments and attempt', async () => {
  await expect(pool.apply(failWith, ['<img onerror>'], { retries: 1 })).rejects.toThrow();
  const { failures, retried } = await find(({ failures }) => failures.length > 0);
  expect(retried).toBe(1);
  expect(failures[0]).toMatchObject({
    task: 'failWith',
    args: "'<img onerror>'",
    attempt: 2,
    error: 'RangeError: <img onerror>',
    details: expect.stringMatching(/RangeError: <img onerror>\n\s+at failWith \(.*tasks\.js/),
  });
});

/** Values whose class says how they are described. */
class Described {
  readonly id = 1;
  readonly #describe: () => string;
  constructor(describe: () => string) {
    this.#describe = describe;
  }
  [inspect.custom](): string {
    return this.#describe();
  }
}

const many = Object.fromEntries(Array.from({ length: 100 }, (_, key) => [`key${key}`, key]));

test.each<[string, unknown, string]>([
  [
    'cannot be described',
    new Described(() => {
      throw new Error('no description');
    }),
    '{ … }',
  ],
  ['is described in two lines and in red', new Described(() => 'one\n  two \u001b[31mthree'), 'one two three'],
  ['has many properties', many, '{ … }'],
  ['contains an object that has many properties', { many }, '{ many: [Object] }'],
  ['is a list of such objects', [many], '[ [Object] ]'],
  ['is a map of such objects', new Map([[1, many]]), 'Map(1) { 1 => [Object] }'],
])('an argument that %s is shown in short', async (_what, value, text) => {
  const controller = new AbortController();
  const call = pool.apply(waitWith, [value, 600_000], { signal: controller.signal });
  const { processes } = await find(({ processes }) => processes.some(({ tasks }) => tasks[0]?.args !== undefined));
  controller.abort();
  await expect(call).rejects.toThrow();
  await find(({ processes }) => processes.every(({ tasks }) => tasks.length === 0));
  expect(processes.flatMap(({ tasks }) => tasks.map(({ args }) => args))).toEqual([`${text}, 600000`]);
});

test('of very many arguments the first are shown', async () => {
  await expect(pool.apply(failWith, Array(1000).fill('a') as [string])).rejects.toThrow();
  const { failures } = await find(({ failures }) => failures[0]?.error === 'RangeError: a');
  expect(failures[0]?.args).toBe(`${Array(20).fill("'a'").join(', ')}, …`);
});

test.each<[Parameters<typeof failOddly>[0], string, RegExp]>([
  ['a name without a text', 'Error: { … }', /./],
  ['a large property', 'RangeError: odd', /RangeError: odd\n\s+at failOddly.*many: \[Object\]/s],
])('an error with %s is shown', async (what, error, details) => {
  await expect(pool.apply(failOddly, [what])).rejects.toThrow('odd');
  const { failures } = await find(({ failures }) => failures[0]?.args === `'${what}'`);
  expect(failures[0]).toMatchObject({ error, details: expect.stringMatching(details) });
});

test('tasks that have run are in the distributions, the slowest tasks, the timeline and the trace', async () => {
  // More than the short tasks of this test and of those before it.
  await pool.map(wait, [30, 20, 10, 10, 10, 10, 10, 10]);
  await pool.apply(succeedAt, [2], { retries: 1 });
  const { id, runTime, waitTime, slowest } = await find(({ runTime }) => runTime.count >= 10);
  expect(runTime.p50).toBeGreaterThan(5);
  expect(runTime.max).toBeGreaterThan(25);
  expect(waitTime.count).toBe(runTime.count);
  expect(slowest.map(({ task }) => task)).toContain('wait');
  const spansOf = () => viewer.increments.flatMap(({ pools }) => pools.find((each) => each.id === id)?.spans ?? []);
  await until(() => spansOf().some(([task, , , , outcome]) => task === 'succeedAt' && outcome === 'succeeded'));
  expect(spansOf().some(([task, , , , outcome]) => task === 'succeedAt' && outcome === 'retried')).toBe(true);
  const headers = { authorization: `Bearer ${dashboard.token}` };
  const trace = await ask(dashboard.port, `/trace?pool=${id}`, { headers });
  const events = JSON.parse(trace.body) as { name: string; ph: string; dur: number; pid: number }[];
  const waits = events.filter(({ ph, name }) => ph === 'X' && name === 'wait');
  expect(waits.length).toBeGreaterThanOrEqual(3);
  for (const { dur, pid } of waits) expect({ dur: dur > 5000, pid: pid >= 1 }).toEqual({ dur: true, pid: true });
});

test('a map has its progress, and can be cancelled', async () => {
  const results = pool.map(wait, [...Array(20).fill(1), ...Array(8).fill(600_000), ...Array(100).fill(1)]);
  const ended = expect(results.then()).rejects.toThrow('the map was cancelled in the dashboard');
  const { id, maps } = await find(({ maps }) => (maps[0]?.done ?? 0) >= 20);
  expect(maps).toMatchObject([{ task: 'wait', total: 128, failed: 0, rate: expect.any(Number) }]);
  expect((await act(dashboard, { pool: id, action: 'cancelMap', id: maps[0]?.id })).status).toBe(204);
  await ended;
  await find(({ maps }) => maps.length === 0);
});

test('a stream whose consumer is slow waits for it', async () => {
  const stream = pool.stream(countUp, [1_000_000]);
  await stream.next();
  const { streams } = await find(({ streams }) => streams[0]?.isStalled);
  expect(streams).toMatchObject([{ task: 'countUp', waiting: expect.any(Number) }]);
  expect(streams[0]?.waiting).toBeGreaterThan(10);
  await stream.return();
  await find(({ streams }) => streams.length === 0);
});

test('a paused pool shows what waits, and can be resumed', async () => {
  const { id } = await find(() => true);
  expect((await act(dashboard, { pool: id, action: 'pause' })).status).toBe(204);
  const call = pool.apply(wait, [1]);
  const { state, queued, maxQueueSize } = await find(({ queued }) => queued > 0);
  expect({ state, queued, maxQueueSize }).toEqual({ state: 'paused', queued: 1, maxQueueSize: 1000 });
  expect((await act(dashboard, { pool: id, action: 'resume' })).status).toBe(204);
  await call;
});

test('a process can be replaced, and the reason is shown', async () => {
  const { id, processes } = await find(({ processes }) => processes.length === 2);
  const { pid, place } = processes[0] as { pid: number; place: number };
  expect((await act(dashboard, { pool: id, action: 'replaceProcess', id: pid })).status).toBe(204);
  const { processEvents } = await find(({ processes }) =>
    processes.some((each) => each.place === place && each.pid !== pid && each.state === 'ready'),
  );
  const texts = processEvents.filter((event) => event.pid === pid).map(({ text }) => text);
  expect(texts).toContain('is replaced: requested');
  expect(await act(dashboard, { pool: id, action: 'replaceProcess', id: pid })).toMatchObject({ status: 404 });
});

test('another pool is shown while it runs, and its last state and its trace after it', async () => {
  await Pool.using({ name: 'another', processes: 1 }, async (other) => {
    await viewer.find(({ pools }) => pools.some(({ name }) => name === 'another'));
    await other.apply(wait, [1]);
    await viewer.find(({ pools }) => pools.some(({ name, done }) => name === 'another' && done === 1));
  });
  const { pools } = await viewer.find(({ pools }) => pools.some(({ state }) => state === 'ended'));
  const ended = pools.find(({ name }) => name === 'another');
  expect(ended).toMatchObject({ state: 'ended', done: 1, processes: [] });
  const headers = { authorization: `Bearer ${dashboard.token}` };
  const trace = await ask(dashboard.port, `/trace?pool=${ended?.id}`, { headers });
  expect(JSON.parse(trace.body)).toContainEqual(expect.objectContaining({ name: 'wait', ph: 'X' }));
});

test('of very many tasks some are measured, and all are counted', async () => {
  const before = pool.stats().done;
  await pool.map(doubleNow, Array(10_000).fill(0));
  const { sampling, done } = await find(({ done }) => done >= before + 10_000);
  expect(done).toBe(before + 10_000);
  expect(sampling).toBeGreaterThan(1);
});
