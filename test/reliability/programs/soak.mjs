/**
 * Runs tasks in a pool for a long time while its processes are replaced, and compares the program at the end with its state
 * at the beginning: resident memory, heap, active handles, listeners.
 *
 *     node --expose-gc test/reliability/programs/soak.mjs [--tasks 1000000] [--seconds 0] [--per-child 5000]
 *
 * `--seconds` repeats rounds of `--tasks` for that time. Exits with 1 if something has grown.
 */
import assert from 'node:assert/strict';
import { EventEmitter, getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Pool } from 'aiomultiprocess';
import { throwRangeError } from '../../fixtures/pool/failing.js';
import { identity } from '../../fixtures/pool/tasks.js';

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '0' },
    'per-child': { type: 'string', default: '5000' },
  },
});
const tasks = Number(values.tasks);
const seconds = Number(values.seconds);
const maxTasksPerChild = Number(values['per-child']);

/** The allowed growth: memory that the allocators keep, and code compiled meanwhile. */
const MAX_GROWTH = { heap: 8, resident: 48 };
const MEGABYTE = 2 ** 20;

const { signal } = new AbortController();

/** Tasks of ten kinds, a tenth of each. */
async function work(pool, count) {
  const share = Math.ceil(count / 10);
  const numbers = Array.from({ length: share }, (_, number) => number);
  let next = 0;
  for await (const number of pool.map(identity, numbers)) assert.equal(number, next++);
  for await (const { index, value } of pool.map(identity, numbers.values()).unordered()) assert.equal(value, index);
  assert.deepEqual(await pool.map(identity, numbers, { signal }), numbers);
  assert.deepEqual(await pool.map(identity, numbers, { timeout: 60_000 }), numbers);
  const rows = numbers.map((id) => ({ id, tags: [`tag ${id % 10}`], at: new Date(id), inner: new Map([[id, -0]]) }));
  assert.deepEqual(await pool.map(identity, rows, { retries: 1 }), rows);
  const calls = numbers.map((number) => pool.apply(identity, [number], { signal, priority: number % 3 }));
  assert.deepEqual(await Promise.all(calls), numbers);
  const failed = await pool.map(throwRangeError, numbers.map(String)).settled();
  assert(failed.every(({ reason }, number) => reason.message === String(number)));
  const unsendable = await Promise.allSettled(numbers.map(() => pool.apply(identity, [{ deep: [Symbol('no')] }])));
  assert(unsendable.every(({ reason }) => reason.path === 'args[0].deep[0]'));
  const cancelled = pool.map(identity, numbers);
  cancelled.cancel(new Error('not wanted'));
  assert.equal(await cancelled.then(null, ({ message }) => message), 'not wanted');
  assert.deepEqual(
    await pool.starmap(
      identity,
      numbers.map((number) => [number]),
    ),
    numbers,
  );
}

/** The current state of the idle program. */
async function measure() {
  let heap = Number.POSITIVE_INFINITY;
  // Only the next collection accounts for memory outside the heap that this one frees.
  for (let round = 0; round < 4; round++) {
    await sleep(50);
    globalThis.gc();
    heap = Math.min(heap, process.memoryUsage().heapUsed);
  }
  const emitters = [process, process.stdout, process.stderr].filter((emitter) => emitter instanceof EventEmitter);
  const listeners = emitters.flatMap((emitter) => emitter.eventNames().map((name) => emitter.listenerCount(name)));
  return {
    heap: heap / MEGABYTE,
    resident: process.memoryUsage.rss() / MEGABYTE,
    listeners: listeners.reduce((sum, count) => sum + count, 0) + getEventListeners(signal, 'abort').length,
    handles: process.getActiveResourcesInfo().sort(),
  };
}

/** Waits until the pool has as many ready processes as at the beginning. */
async function settle(pool, processes) {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    await pool.ready();
    const states = pool.stats().processes.map(({ state }) => state);
    if (states.length === processes && states.every((state) => state === 'ready')) return;
    await sleep(20);
  }
  throw new Error(`the pool does not become idle: ${JSON.stringify(pool.stats())}`);
}

const begin = performance.now();
const bare = await measure();
const report = await Pool.using({ processes: 2, maxTasksPerChild }, async (pool) => {
  // The first tenth, or 50,000 tasks, warm up the code and bring the heap to its full size.
  const warmUp = Math.min(tasks / 10, 50_000);
  await work(pool, warmUp);
  await settle(pool, 2);
  const before = await measure();
  const pids = new Set();
  const observer = setInterval(() => {
    for (const { pid } of pool.stats().processes) pids.add(pid);
  }, 5);
  let done = 0;
  do {
    for (const end = done + tasks; done < end; done += Math.min(tasks, 50_000)) {
      await work(pool, Math.min(tasks, 50_000));
    }
  } while (performance.now() - begin < seconds * 1000);
  clearInterval(observer);
  await settle(pool, 2);
  return { tasks: done, processes: pids.size, before, after: await measure() };
});
const gone = await measure();

const { before, after } = report;
const rounded = (value) => Number(value.toFixed(1));
console.log(
  JSON.stringify({
    ...report,
    before: { ...before, heap: rounded(before.heap), resident: rounded(before.resident) },
    after: { ...after, heap: rounded(after.heap), resident: rounded(after.resident) },
    seconds: rounded((performance.now() - begin) / 1000),
  }),
);
assert.deepEqual(after.handles, before.handles, 'handles');
assert.equal(after.listeners, before.listeners, 'listeners');
assert(after.heap < before.heap + MAX_GROWTH.heap, `the heap has grown to ${after.heap} MiB`);
assert(after.resident < before.resident + MAX_GROWTH.resident, `the program has grown to ${after.resident} MiB`);
assert.deepEqual(
  gone.handles.filter((handle) => handle !== 'Timeout'),
  bare.handles.filter((handle) => handle !== 'Timeout'),
  'handles after the end of the pool',
);
