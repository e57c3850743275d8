/** When the results of tasks that wait are written. */
import { readFileSync } from 'node:fs';
import { Pool, ProcessExitError } from 'aiomultiprocess';
import { waitAndCompute } from '../../fixtures/pool/concurrency.js';
import { waitAndMayExit } from '../../fixtures/pool/failing.js';

/** How many system calls a process has made that write. */
function countWrites(pid: number): number {
  return Number(/^syscw: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

test('results of tasks whose timers end together are written together', async () => {
  await Pool.using({ processes: 1 }, async (pool) => {
    const waits = Array(320).fill({ wait: 20, work: 0 });
    await pool.map(waitAndCompute, waits);
    const { pid } = pool.stats().processes[0] as { pid: number };
    const before = countWrites(pid);
    await pool.map(waitAndCompute, waits);
    expect(countWrites(pid) - before).toBeLessThan(waits.length / 2);
  });
});

test('a result does not wait for tasks that compute after a timer of the same time', async () => {
  await Pool.using({ processes: 1 }, async (pool) => {
    const item = { wait: 30, work: 30 };
    await pool.map(waitAndCompute, Array(20).fill(item));
    const ends = await Promise.all(
      Array.from({ length: 4 }, () => pool.apply(waitAndCompute, [item]).then(() => performance.now())),
    );
    expect(Math.max(...ends) - Math.min(...ends)).toBeGreaterThan(item.work);
  });
});

test('a result is not lost when a task that wakes in the same moment ends the process', async () => {
  await Pool.using({ processes: 1 }, async (pool) => {
    await pool.map(waitAndMayExit, Array(20).fill(false));
    const [first, second] = await Promise.allSettled([
      pool.apply(waitAndMayExit, [false]),
      pool.apply(waitAndMayExit, [true]),
    ]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: expect.any(ProcessExitError) });
  });
});
