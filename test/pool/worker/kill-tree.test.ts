/** Programs started by a task end with the process of the task, unless that process exits in order. */
import { Pool, type PoolOptions } from 'aiomultiprocess';
import { nothing, startAndLeave, startAndSpin, startAndWait } from '../../fixtures/pool/spawning.js';
import { pid } from '../../fixtures/pool/tasks.js';
import { findSurvivors, isRunning } from '../../support/alive.ts';
import { reasonOf } from '../../support/reason.ts';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

type Start = (pool: Pool, onStarted: (pids: unknown) => void) => Promise<unknown>;

const wait: Start = (pool, onProgress) => pool.apply(startAndWait, [], { onProgress });
const detach: Start = (pool, onProgress) => pool.apply(startAndWait, [true], { onProgress });
const spin: Start = (pool, onProgress) => pool.apply(startAndSpin, [], { onProgress });

/** Starts a task, ends it, and returns how many of the programs that it started survive. Kills these afterwards. */
async function leave(
  start: Start,
  end: (pool: Pool, child: number) => unknown,
  options: PoolOptions = {},
): Promise<number> {
  const pool = new Pool({ processes: 1, cancelGracePeriod: 50, ...options });
  try {
    // Starts the process and imports the module first, so that a time limit covers the task alone.
    await pool.apply(nothing);
    let answer: Promise<unknown> | undefined;
    const [child, ...programs] = await new Promise<number[]>((resolve) => {
      answer = reasonOf(start(pool, (pids) => resolve(pids as number[])));
    });
    expect(programs.every(isRunning)).toBe(true);
    await end(pool, child as number);
    await answer;
    if (options.killTree === false) await findSurvivors([child as number]);
    const left = options.killTree === false ? programs.filter(isRunning) : await findSurvivors(programs);
    for (const each of left) process.kill(each, 'SIGKILL');
    return left.length;
  } finally {
    pool.terminate();
    await pool.join();
  }
}

const terminate = async (pool: Pool) => {
  pool.terminate();
  await pool.join();
};
const crash = (_pool: Pool, child: number) => process.kill(child, 'SIGKILL');

onLinux('programs started by a task are ended', () => {
  test.each<[string, Start, (pool: Pool, child: number) => unknown]>([
    ['on terminate()', wait, terminate],
    ['on terminate() during a busy loop', spin, terminate],
    ['on a crash', wait, crash],
    ['on a crash, even in a session of their own', detach, crash],
    ['on a crash during a busy loop', spin, crash],
  ])('%s', async (_when, start, end) => {
    expect(await leave(start, end)).toBe(0);
  });

  test.each<[string, Start]>([
    ['after a timeout', (pool, onProgress) => pool.apply(startAndWait, [], { onProgress, timeout: 3000 })],
    [
      'after a timeout during a busy loop',
      (pool, onProgress) => pool.apply(startAndSpin, [], { onProgress, timeout: 3000 }),
    ],
  ])('%s', async (_when, start) => {
    expect(await leave(start, () => {})).toBe(0);
  });

  test('after the task is cancelled', async () => {
    const controller = new AbortController();
    const start: Start = (pool, onProgress) => pool.apply(startAndWait, [], { onProgress, signal: controller.signal });
    expect(await leave(start, () => controller.abort())).toBe(0);
  });
});

onLinux('programs started by a task keep running', () => {
  test.each<[string, (pool: Pool, child: number) => unknown]>([
    ['on terminate()', terminate],
    ['on a crash', crash],
  ])('%s without killTree', async (_when, end) => {
    expect(await leave(wait, end, { killTree: false })).toBe(2);
  });

  test.each<[string, PoolOptions]>([
    ['when the pool is closed', {}],
    ['when the process is recycled', { maxTasksPerChild: 1 }],
  ])('%s', async (_when, options) => {
    const pool = new Pool({ processes: 1, ...options });
    const [child, ...programs] = (await pool.apply(startAndLeave)) as number[];
    if (options.maxTasksPerChild) expect(await pool.apply(pid)).not.toBe(child);
    pool.close();
    await pool.join();
    expect(await findSurvivors([child as number])).toEqual([]);
    expect(programs.filter(isRunning)).toEqual(programs);
    for (const each of programs) process.kill(each as number, 'SIGKILL');
  });
});
