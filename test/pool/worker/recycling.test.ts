import { Pool } from 'aiomultiprocess';
import { throwRangeError } from '../../fixtures/pool/failing.js';
import { waitAt } from '../../fixtures/pool/gate.js';
import { leaveTrace, readTraces } from '../../fixtures/pool/log.js';
import { double, pidAfter, pidFor } from '../../fixtures/pool/tasks.js';
import { isRunning } from '../../support/alive.ts';
import { withGate } from '../../support/gate.ts';

const tenItems = Array.from({ length: 10 }, (_, index) => index);

/** How many tasks each process ran. */
function countEach(pids: number[]): number[] {
  const counts = new Map<number, number>();
  for (const pid of pids) counts.set(pid, (counts.get(pid) ?? 0) + 1);
  return [...counts.values()];
}

test('ten tasks use ten processes with maxTasksPerChild: 1', () =>
  Pool.using({ processes: 2, maxTasksPerChild: 1 }, async (pool) => {
    const pids = await pool.map(pidFor, tenItems);
    expect(new Set(pids).size).toBe(10);
    expect(pool.stats().processes.length).toBeLessThanOrEqual(4);
  }));

test('a process runs at most maxTasksPerChild tasks, even concurrently', () =>
  Pool.using({ processes: 2, maxTasksPerChild: 3, childConcurrency: 8 }, async (pool) => {
    const counts = countEach(await pool.map(pidAfter, [5, 1, 5, 1, 5, 1, 5, 1, 5, 1]));
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(counts.reduce((sum, count) => sum + count)).toBe(10);
  }));

test('processes are never replaced with maxTasksPerChild: 0', () =>
  Pool.using({ processes: 1, maxTasksPerChild: 0 }, async (pool) => {
    const pids = await pool.map(
      pidFor,
      Array.from({ length: 200 }, (_, index) => index),
    );
    expect(new Set(pids).size).toBe(1);
  }));

test('join() after close() completes all calls while processes are recycled', async () => {
  const pool = new Pool({ processes: 2, maxTasksPerChild: 1 });
  const mapped = pool.map(pidFor, tenItems.slice(0, 5));
  const streamed = pool.map(double, [1, 2, 3].values());
  const single = pool.apply(double, [4]);
  pool.close();
  await pool.join();
  const pids = await mapped;
  expect(new Set(pids).size).toBe(5);
  expect(await streamed).toEqual([2, 4, 6]);
  expect(await single).toBe(8);
  expect(pids.filter(isRunning)).toEqual([]);
});

test('a recycled process completes its running tasks first', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, maxTasksPerChild: 2 }, async (pool) => {
      const long = pool.apply(waitAt, [gate.port]);
      await gate.arrived(1);
      const others = await pool.map(pidFor, [1, 2, 3]);
      gate.open();
      expect(await long).toBe(gate.arrivals[0]);
      expect(others.filter((pid) => pid === gate.arrivals[0])).toHaveLength(1);
    }),
  ));

test('failed tasks count towards maxTasksPerChild', () =>
  Pool.using({ processes: 1, maxTasksPerChild: 2, childConcurrency: 1 }, async (pool) => {
    const first = pool.apply(pidFor, [1]);
    const failed = pool.apply(throwRangeError);
    const third = pool.apply(pidFor, [3]);
    await expect(failed).rejects.toBeInstanceOf(RangeError);
    expect(await first).not.toBe(await third);
  }));

test('the initializer runs in each new process', () =>
  Pool.using({ processes: 1, maxTasksPerChild: 1, initializer: leaveTrace, initargs: ['new'] }, async (pool) => {
    expect(await Promise.all([1, 2, 3].map(() => pool.apply(readTraces)))).toEqual([['new'], ['new'], ['new']]);
  }));
