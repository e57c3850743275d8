/** The state of a host as text: bounded where it is written, and checked where it is read. */
import { readHostState, writeHostState } from '../../dist/lib/dashboard/collect/host-state.js';
import type { PoolSnapshot, ProcessSnapshot } from '../../lib/dashboard/snapshot.ts';
import type { HostFacts } from '../../lib/observe/inspection.ts';

const facts: HostFacts = { slots: 16, leases: 1, chunks: 2, chunkSizes: [1, 40], latency: undefined };

const times = { count: 2, p50: 1, p90: 2, p99: 2, max: 2, buckets: [[1, 2, 2]] as [number, number, number][] };

function createProcess(text: string): ProcessSnapshot {
  const counts = { restarts: 0, age: 1, running: 1, prefetched: 0, concurrency: 16, done: 1, failed: 0 };
  const task = { id: 1, task: text, attempt: 1, age: 5, args: text };
  return { pid: 1, place: 0, state: 'ready', ...counts, memory: undefined, cpu: 0.5, tasks: Array(6).fill(task) };
}

function createPool(text: string, processes: number): PoolSnapshot {
  const task = { id: 1, task: text, args: text, attempt: 1, pid: 7 };
  return {
    id: '1',
    name: text,
    kind: 'host',
    state: 'open',
    queued: 0,
    running: 1,
    done: 2,
    failed: 3,
    retried: 4,
    sampling: 1,
    waitTime: times,
    runTime: times,
    processes: Array(processes).fill(createProcess(text)),
    processEvents: [],
    maps: [],
    streams: [],
    calls: 0,
    maxQueueSize: undefined,
    sharedMemory: undefined,
    latency: undefined,
    hosts: undefined,
    host: undefined,
    slowest: Array(10).fill({ ...task, place: 0, runTime: 1 }),
    failures: Array(20).fill({ ...task, clock: 1, error: text, details: text }),
  };
}

test('is the same after it was written and read, except what the page does not show', () => {
  const { pool, ...state } = readHostState(writeHostState(5, facts, createPool('a', 2)));
  expect(state).toEqual({ clock: 5, facts, processes: 2 });
  const { name, runTime, processes, slowest, failures } = createPool('a', 2);
  expect(pool).toMatchObject({ id: '', name, kind: 'host', runTime, done: 2, failed: 3 });
  expect(pool.processes).toEqual(processes.map((process) => ({ ...process, tasks: process.tasks.slice(0, 3) })));
  expect([pool.slowest, pool.failures]).toEqual([slowest.slice(0, 5), failures.slice(0, 5)]);
});

test.each(['x', '\u0000', '"', '😀'])('is at most 128 Ki characters long, whatever the tasks are (%j)', (character) => {
  const text = writeHostState(5, facts, createPool(character.repeat(100_000), 1000));
  expect(text.length).toBeLessThanOrEqual(128 * 1024);
  const { processes, pool } = readHostState(text);
  expect(processes).toBe(1000);
  expect(pool.processes.length).toBeGreaterThan(0);
});

const valid = JSON.parse(writeHostState(5, facts, createPool('a', 1)));
const withPool = (pool: object) => ({ ...valid, pool: { ...valid.pool, ...pool } });
const withProcess = (process: object) => withPool({ processes: [{ ...valid.pool.processes[0], ...process }] });

test.each<[string, unknown]>([
  ['expected an object', null],
  ['clock: expected a number', { ...valid, clock: '5' }],
  ['facts: chunkSizes: expected an array of at most 256 elements', { ...valid, facts: { ...facts, chunkSizes: {} } }],
  ['facts: latency: expected a number', { ...valid, facts: { ...facts, latency: 'long' } }],
  ['pool: name: expected a string of at most 300 characters', withPool({ name: 'x'.repeat(301) })],
  ['pool: state: expected one of open, paused, closed, ended', withPool({ state: '<b>' })],
  ['pool: runTime: buckets: expected a number', withPool({ runTime: { ...times, buckets: [[1, 2]] } })],
  ['pool: processes: expected an array of at most 128 elements', withPool({ processes: Array(129).fill({}) })],
  ['pool: processes: pid: expected a number', withProcess({ pid: null })],
  ['pool: processes: tasks: expected an object', withProcess({ tasks: [null] })],
  ['pool: failures: clock: expected a number', withPool({ failures: [{}] })],
])('is refused: %s', (message, state) => {
  expect(() => readHostState(JSON.stringify(state))).toThrow(new TypeError(message));
});

test('has nothing that is not known', () => {
  const read = readHostState(JSON.stringify({ ...withPool({ kind: 'local', maps: [1], more: 1 }), more: 2 }));
  expect(read).toEqual(readHostState(JSON.stringify(valid)));
});
