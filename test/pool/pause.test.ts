/** A paused pool: nothing new starts, running tasks go on. */
import { setTimeout } from 'node:timers/promises';
import { Pool, PoolClosedError, PoolTerminatedError, QueueFullError, TaskTimeoutError } from 'aiomultiprocess';
import { waitAt, waitIfZero } from '../fixtures/pool/gate.js';
import { count } from '../fixtures/pool/streams.js';
import { double } from '../fixtures/pool/tasks.js';
import { withGate } from '../support/gate.ts';
import { until } from '../support/until.ts';

const MINUTE = 60_000;

function sum(pool: Pool, what: 'running' | 'prefetched'): number {
  return pool.stats().processes.reduce((total, process) => total + process[what], 0);
}

test('while a pool is paused, calls, maps, streams and broadcasts wait', () =>
  Pool.using({ processes: 2 }, async (pool) => {
    await pool.ready();
    let read = 0;
    function* items() {
      for (; read < 3; read++) yield read;
    }
    const stream = pool.stream(count, [2]);
    pool.pause();
    pool.pause();
    const calls = [
      pool.apply(double, [1]),
      pool.map(double, [1, 2]).then((results) => results),
      pool.map(double, items()).then((results) => results),
      stream.next(),
      pool.broadcast(double, [4]),
    ];
    const first = Promise.race(calls).then(() => 'one has started');
    expect(await Promise.race([first, setTimeout(200)])).toBeUndefined();
    expect(pool.stats()).toMatchObject({ isPaused: true, running: 0, done: 0 });
    expect(read).toBe(0);
    pool.resume();
    pool.resume();
    expect(await Promise.all(calls)).toEqual([2, [2, 4], [0, 2, 4], { done: false, value: 0 }, [8, 8]]);
    expect(pool.stats().isPaused).toBe(false);
  }));

test('running tasks end, and those that a process has not begun come back and run later', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, childConcurrency: { fixed: 1 } }, async (pool) => {
      const results: number[] = [];
      // The function is known as short, so tasks lie behind the one that waits.
      await pool.starmap(waitIfZero, Array(2000).fill([1, gate.port]));
      const calls = Array.from({ length: 100 }, async (_, number) => {
        results.push(await pool.apply(waitIfZero, [number, gate.port]));
      });
      await gate.arrived(1);
      await until(() => sum(pool, 'prefetched') > 0);
      pool.pause();
      await until(() => sum(pool, 'prefetched') === 0);
      expect(pool.stats()).toMatchObject({ running: 1, queued: 99 });
      gate.open();
      await until(() => pool.stats().running === 0);
      await setTimeout(100);
      expect(results).toEqual([0]);
      expect(pool.stats()).toMatchObject({ running: 0, queued: 99 });
      pool.resume();
      await Promise.all(calls);
      expect(results).toEqual(Array.from({ length: 100 }, (_, number) => number));
    }),
  ));

test(
  'nothing is lost or runs twice when a pool is paused and resumed again and again while tasks are on their way',
  () =>
    Pool.using({ processes: 2, maxTasksPerChild: 4000 }, async (pool) => {
      const items = Array.from({ length: 10_000 }, (_, number) => number);
      const results = pool.map(double, items);
      for (let round = 0; round < 60; round++) {
        pool.pause();
        await setTimeout(round % 3);
        pool.resume();
        await setTimeout(2);
      }
      expect(await results).toEqual(items.map((number) => number * 2));
      expect(pool.stats()).toMatchObject({ done: items.length, failed: 0, queued: 0 });
    }),
  MINUTE,
);

test('the time limit of a running task goes on', () =>
  withGate((gate) =>
    Pool.using({ processes: 1 }, async (pool) => {
      const call = pool.apply(waitAt, [gate.port], { timeout: 300 });
      await gate.arrived(1);
      pool.pause();
      await expect(call).rejects.toBeInstanceOf(TaskTimeoutError);
    }),
  ));

test('maxQueueSize holds, and drain comes after the pause', () =>
  Pool.using({ processes: 1, maxQueueSize: 2 }, async (pool) => {
    await pool.ready();
    let drained = 0;
    pool.on('drain', () => drained++);
    pool.pause();
    const calls = [pool.apply(double, [1]), pool.apply(double, [2])];
    await expect(pool.apply(double, [3])).rejects.toBeInstanceOf(QueueFullError);
    expect(drained).toBe(0);
    pool.resume();
    expect(await Promise.all(calls)).toEqual([2, 4]);
    expect(drained).toBe(1);
  }));

test('a broadcast waits although the processes have nothing to do for longer than idleTimeout', () =>
  Pool.using({ processes: 2, minProcesses: 0, idleTimeout: 50 }, async (pool) => {
    await Promise.all([pool.apply(double, [1]), pool.apply(double, [2])]);
    pool.pause();
    const results = pool.broadcast(double, [3]);
    await setTimeout(300);
    pool.resume();
    expect(new Set(await results)).toEqual(new Set([6]));
  }));

test('no process starts for tasks that wait for the pool to resume', () =>
  Pool.using({ processes: 2, minProcesses: 0 }, async (pool) => {
    pool.pause();
    const call = pool.apply(double, [1]);
    await setTimeout(50);
    expect(pool.stats().processes).toEqual([]);
    pool.resume();
    expect(await call).toBe(2);
  }));

test('close() resumes, and join() ends; then pause() throws', async () => {
  const pool = new Pool({ processes: 1 });
  pool.pause();
  const results = pool.map(double, [1, 2, 3]);
  pool.close();
  await pool.join();
  expect(await results).toEqual([2, 4, 6]);
  expect(() => pool.pause()).toThrow(PoolClosedError);
  pool.resume();
  expect(pool.stats().isPaused).toBe(false);
});

test('terminate() rejects what waits', async () => {
  const pool = new Pool({ processes: 1 });
  pool.pause();
  const call = pool.apply(double, [1]);
  pool.terminate();
  await expect(call).rejects.toBeInstanceOf(PoolTerminatedError);
  await pool.join();
});
