/** How many tasks a process works on at a time: as many as keep it busy. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Pool, type PoolOptions, ProcessExitError } from 'aiomultiprocess';
import { compute, meet, noteAndCompute, resetPeak, waitAndCompute } from '../../fixtures/pool/concurrency.js';
import { withFolder } from '../../support/folder.ts';
import { until } from '../../support/until.ts';

const MINUTE = 60_000;
const COMPUTING = { wait: 2, work: 30 };
const WAITING = { wait: 30, work: 0 };

/** The most tasks that a process works on at a time, once the pool knows what they do. */
async function measurePeak(options: PoolOptions, times: { wait: number; work: number }): Promise<number> {
  return await Pool.using({ processes: 1, ...options }, async (pool) => {
    await pool.map(waitAndCompute, Array(40).fill(times));
    await pool.broadcast(resetPeak);
    const results = await pool.map(waitAndCompute, Array(40).fill(times));
    return Math.max(...results.map(({ peak }) => peak));
  });
}

test('of tasks that compute, a process works on one and begins few others', async () => {
  expect(await measurePeak({}, COMPUTING)).toBeLessThan(10);
});

test.each([
  ['16 by default', {}, 16],
  ['childConcurrency', { childConcurrency: 5 }, 5],
])('of tasks that wait, a process works on %s', async (_what, options, peak) => {
  expect(await measurePeak(options, WAITING)).toBe(peak);
});

test('a fixed number runs at a time, whatever the tasks do', async () => {
  expect(await measurePeak({ childConcurrency: { fixed: 6 } }, COMPUTING)).toBe(6);
});

test.each([[{ fixed: 0 }], [{ fixed: 1.5 }], [{ fixed: 2, other: 1 }], [{}], ['4'], [0]])(
  'childConcurrency %j is refused',
  (childConcurrency) => {
    expect(() => new Pool({ childConcurrency: childConcurrency as never })).toThrow(
      /^Pool: option "childConcurrency": expected an integer of at least 1, or `\{ fixed: n \}` with one, got /,
    );
  },
);

test.each([
  ['the event loop has nothing to do', false, 16, 12],
  ['the event loop is busy', true, 16, 12],
  ['only 3 run at a time', false, 3, 3],
  ['only 2 run at a time, in a busy loop', true, 2, 2],
])(
  'tasks that wait for one another all begin, also after tasks that compute, while %s',
  async (_what, isBusy, childConcurrency, count) => {
    await Pool.using({ processes: 1, childConcurrency }, async (pool) => {
      await Promise.all(Array.from({ length: 30 }, () => pool.apply(meet, [0, isBusy])));
      const first = pool.apply(meet, [30 + count, isBusy]);
      // It has been sent then, so the others are the last tasks while a long one runs.
      await setTimeout(50);
      expect(await pool.starmap(meet, Array(count - 1).fill([30 + count, isBusy]))).toHaveLength(count - 1);
      expect(await first).toBeGreaterThanOrEqual(count);
    });
  },
  MINUTE,
);

test('tasks that compute for an equal time are shared equally, and the last go to the process that is free', async () => {
  await Pool.using({ processes: 2 }, async (pool) => {
    await pool.map(compute, Array(20).fill(20));
    const start = performance.now();
    const pids = await pool.map(compute, [600, ...Array(20).fill(20)]);
    const [first] = pids;
    // The process with the long task begins at most one other before it, and one after it.
    expect(pids.filter((pid) => pid === first).length).toBeLessThanOrEqual(4);
    expect(performance.now() - start).toBeGreaterThan(590);
  });
});

test('a process that has nothing to do gets tasks that another has not begun', async () => {
  await Pool.using({ processes: 2 }, async (pool) => {
    await pool.ready();
    // Nothing is known of the function yet, so both processes are sent their half at once.
    const pids = await pool.map(compute, [2000, ...Array(21).fill(20)]);
    const [first] = pids;
    // Without recalling it is half of them.
    expect(pids.filter((pid) => pid === first).length).toBeLessThan(10);
  });
});

test(
  'nothing runs twice or is lost when processes are killed while tasks move',
  () =>
    withFolder(async (folder) => {
      for (let round = 0; round < 12; round++) {
        const file = join(folder, String(round));
        await Pool.using({ processes: 2, childConcurrency: { fixed: 12 } }, async (pool) => {
          await pool.ready();
          const pids = pool.stats().processes.map(({ pid }) => pid as number);
          // One process is blocked while the other ends what it has, and then asks for more.
          const items = Array.from({ length: 24 }, (_, id) => [file, id, id === 0 ? 60 : 1] as const);
          const results = pool.starmap(noteAndCompute, items).settled();
          await until(() => existsSync(file));
          await setTimeout(50 + round);
          process.kill(pids[round % 2] as number, 'SIGKILL');
          const outcomes = await results;
          const begun = readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number);
          expect(new Set(begun).size).toBe(begun.length);
          for (const [id, outcome] of outcomes.entries()) {
            if (outcome.status === 'fulfilled') expect(begun.filter((each) => each === id)).toEqual([outcome.value]);
            else expect(outcome.reason).toBeInstanceOf(ProcessExitError);
          }
        });
      }
    }),
  MINUTE,
);

test('an arriving call starts within about one task, although all processes compute', async () => {
  await Pool.using({ processes: 2 }, async (pool) => {
    await pool.map(compute, Array(20).fill(40));
    const busy = pool.map(compute, Array(200).fill(40));
    const times: number[] = [];
    for (let round = 0; round < 8; round++) {
      const start = performance.now();
      await pool.apply(waitAndCompute, [{ wait: 0, work: 0 }]);
      times.push(performance.now() - start);
    }
    busy.cancel();
    await busy.settled().catch(() => {});
    expect(times.toSorted((a, b) => a - b)[4]).toBeLessThan(3 * 40);
  });
});
