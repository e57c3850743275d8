import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Pool } from 'aiomultiprocess';
import { failOdd, takeAnything, work } from '../fixtures/observe/work.js';
import { spin } from '../fixtures/pool/tasks.js';
import { node, root } from '../support/run.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aiomultiprocess-trace-'));
  file = join(folder, 'run.json');
});

afterEach(() => rm(folder, { recursive: true }));

interface TraceEvent {
  name: string;
  ph: string;
  ts: number;
  dur: number;
  pid: number;
  tid: number;
  args: Record<string, unknown>;
}

/**
 * Reads a trace and checks it against the format: complete events with times in microseconds, counters with numbers,
 * metadata with names. Slices of one track must not overlap, because viewers would nest them.
 */
async function readTrace(text?: string): Promise<TraceEvent[]> {
  const events = JSON.parse(text ?? (await readFile(file, 'utf8'))) as TraceEvent[];
  const named = new Set(events.filter(({ ph }) => ph === 'M').map(({ name, pid, tid }) => `${name} ${pid} ${tid}`));
  for (const event of events) {
    expect(event).toMatchObject({ name: expect.any(String), pid: expect.any(Number), tid: expect.any(Number) });
    expect(named).toContain(`process_name ${event.pid} 0`);
    if (event.ph === 'M') {
      expect(['process_name', 'thread_name']).toContain(event.name);
      expect(event.args).toEqual({ name: expect.any(String) });
    } else if (event.ph === 'C') {
      expect(event.ts).toBeGreaterThanOrEqual(0);
      expect(Object.values(event.args).every(Number.isFinite)).toBe(true);
    } else {
      expect(event.ph).toBe('X');
      expect(event.ts).toBeGreaterThanOrEqual(0);
      expect(event.dur).toBeGreaterThanOrEqual(0);
      expect(named).toContain(`thread_name ${event.pid} ${event.tid}`);
    }
  }
  expectNoOverlap(tasksOf(events));
  return events;
}

const tasksOf = (events: TraceEvent[]) => events.filter(({ ph, tid }) => ph === 'X' && tid > 0);

/** Times are rounded to nanoseconds, so sums differ by a few. */
const TOLERANCE = 0.002;

function expectNoOverlap(slices: TraceEvent[]): void {
  const ends = new Map<string, number>();
  for (const { pid, tid, ts, dur } of slices.toSorted((one, other) => one.ts - other.ts)) {
    const track = `${pid} ${tid}`;
    expect(ts + TOLERANCE).toBeGreaterThanOrEqual(ends.get(track) ?? 0);
    ends.set(track, ts + dur);
  }
}

test('a trace shows each task in a track of its process', async () => {
  await Pool.using({ processes: 2, childConcurrency: 4, trace: file }, async (pool) => {
    // Otherwise the first process could take all tasks.
    await pool.ready();
    await pool.map(work, Array(30).fill(5));
    await pool.map(failOdd, [1]).settled();
  });
  const tasks = tasksOf(await readTrace());
  expect(tasks.map(({ name }) => name)).toEqual([...Array(30).fill('work'), 'failOdd']);
  expect(new Set(tasks.map(({ pid }) => pid))).toEqual(new Set([1, 2]));
  expect(Math.max(...tasks.map(({ tid }) => tid))).toBeLessThanOrEqual(4);
  for (const { name, dur } of tasks) if (name === 'work') expect(dur).toBeGreaterThan(3000);
  expect(tasks[0]?.args).toMatchObject({ arguments: '5', attempt: 1, outcome: 'succeeded', pid: expect.any(Number) });
  expect(tasks.at(-1)?.args).toMatchObject({ outcome: 'failed', error: 'RangeError: odd' });
});

test('a trace shows the start, the initializer and the end of each process', async () => {
  await Pool.using({ processes: 1, trace: pathToFileURL(file), initializer: spin, initargs: [30] }, (pool) =>
    pool.ready(),
  );
  const own = (await readTrace()).filter(({ ph, tid }) => ph === 'X' && tid === 0);
  expect(own.map(({ name }) => name)).toEqual(['started', 'start-up', 'initializer', 'exited']);
  const [started, startUp, initializer, exited] = own as [TraceEvent, TraceEvent, TraceEvent, TraceEvent];
  expect(initializer.dur).toBeGreaterThanOrEqual(30_000);
  expect(startUp.ts + startUp.dur).toBeCloseTo(initializer.ts, 0);
  expect(exited.args).toMatchObject({ reason: 'terminated' });
  expect(started.ts).toBeLessThan(initializer.ts);
});

test('a trace has a counter of waiting tasks', async () => {
  await Pool.using({ processes: 1, childConcurrency: 1, trace: file }, async (pool) => {
    await Promise.all(Array.from({ length: 30 }, () => pool.apply(work, [1])));
  });
  const counts = (await readTrace()).filter(({ ph }) => ph === 'C').map(({ args }) => args.tasks);
  expect(counts.length).toBeGreaterThan(2);
  expect(counts.at(-1)).toBe(0);
});

test.each([
  ['exit', 0],
  ['terminate', 0],
])('a trace is complete when the program ends by %s', async (end, code) => {
  expect(await node([`${root}test/fixtures/observe/programs/tracing.mjs`, file, end])).toMatchObject({ code });
  expect(tasksOf(await readTrace()).length).toBeGreaterThanOrEqual(41);
});

test('a trace lacks only its closing bracket when the program is killed', async () => {
  const run = await node([`${root}test/fixtures/observe/programs/tracing.mjs`, file, 'kill']);
  expect(run.code).toBe('SIGKILL');
  const text = await readFile(file, 'utf8');
  expect(text.endsWith('}')).toBe(true);
  expect(tasksOf(await readTrace(`${text}]`)).length).toBeGreaterThanOrEqual(41);
});

test('large arguments do not enlarge the trace', async () => {
  const large = { text: 'x'.repeat(1e6), list: Array(1e5).fill({ deep: { deeper: { deepest: 1 } } }) };
  await Pool.using({ processes: 1, trace: file }, (pool) => pool.apply(takeAnything, [large, large]));
  expect((await stat(file)).size).toBeLessThan(4096);
});

test('a file that cannot be created makes the constructor throw', () => {
  expect(() => new Pool({ trace: join(folder, 'no', 'folder.json') })).toThrow('ENOENT');
});

test('a program continues when its trace cannot be written', async () => {
  // Every write to this device fails.
  const program = `
    import { Pool } from 'aiomultiprocess';
    import { takeAnything } from '${new URL('../fixtures/observe/work.js', import.meta.url).href}';
    await Pool.using({ processes: 1, trace: '/dev/full' }, async (pool) => console.log(await pool.apply(takeAnything, [1])));`;
  if (process.platform !== 'linux') return;
  const main = join(folder, 'main.mjs');
  await writeFile(main, program.replace("'aiomultiprocess'", `'${import.meta.resolve('aiomultiprocess')}'`));
  const { code, stdout, stderr } = await node([main]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n' });
  expect(stderr).toContain('stopped writing the trace /dev/full: ENOSPC');
});
