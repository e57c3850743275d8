/**
 * Tests each row of test/support/failures.ts, and compares the tables of docs/reliability.md with them.
 *
 * WRITE_TABLE=1 npm run jest -- test/reliability/failures.test.ts -t page    writes the tables
 * TIMES=1 npm run jest -- test/reliability/failures.test.ts                  prints the times
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import * as library from 'aiomultiprocess';
import { Pool, type PoolOptions, ProcessExitError } from 'aiomultiprocess';
import { double } from '../fixtures/pool/tasks.js';
import { findSurvivors, isRunning } from '../support/alive.ts';
import { toTables } from '../support/failure-tables.ts';
import { type Failure, failures, type Outcome } from '../support/failures.ts';
import { createPool } from '../support/pool.ts';
import { root } from '../support/run.ts';

/** On a busy machine everything may take this many times longer, plus a constant. */
const SLOWNESS = 8;
const HICCUP = 3000;

/** The outcome of a promise as data. */
async function observe(promise: PromiseLike<unknown>): Promise<{ value: unknown } | { reason: unknown }> {
  try {
    return { value: await promise };
  } catch (reason) {
    return { reason };
  }
}

function expectOutcome(seen: Awaited<ReturnType<typeof observe>>, gets: Outcome): void {
  if ('value' in gets) return expect(seen).toEqual({ value: gets.value });
  if (!('reason' in seen)) throw new Error(`the promise resolved to ${inspect(seen.value)}`);
  const reason = seen.reason as Error;
  if (!/Error$/.test(gets.error)) return expect(inspect(reason)).toBe(gets.error);
  expect(reason).toMatchObject({ ...gets.with, name: gets.error });
  const known = (library as unknown as Record<string, new () => Error>)[gets.error];
  if (known !== undefined) expect(reason).toBeInstanceOf(known);
  if (gets.says !== undefined) expect(reason.message).toContain(gets.says);
  expect((reason.cause as Error | undefined)?.name).toBe(gets.cause);
}

/** All children of this process that run the code of this package, including those that no pool reports. */
function findChildren(): number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const [, parent] = /^\d+ \(.*\) . (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      return Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('child/main.cjs');
    } catch {
      return false;
    }
  });
}

const pidsOf = (pool: Pool) => pool.stats().processes.flatMap(({ pid }) => pid ?? []);

/** Children that the pools of other test files may have left. */
const strangers = findChildren();
const shared = createPool({ processes: 2, stdio: 'ignore' });
const sharedPids = () => [...strangers, ...pidsOf(shared)];

async function endPool(pool: Pool, pids: ReadonlySet<number>): Promise<void> {
  pool.terminate();
  await pool.join();
  expect([...pids].filter(isRunning)).toEqual([]);
}

/** Retries a broadcast that fails because its process is being killed after the grace period of a cancelled task. */
async function broadcastTo(pool: Pool, options: PoolOptions | undefined): Promise<number[]> {
  for (;;) {
    await pool.ready();
    try {
      return await pool.broadcast(double, [1]);
    } catch (error) {
      if (options?.cancelGracePeriod === undefined || !(error instanceof ProcessExitError)) throw error;
    }
  }
}

async function tryOut({ options, cold, run, gets, took, afterwards }: Failure): Promise<void> {
  const isShared = options === undefined && cold === undefined && afterwards === undefined;
  const pool = isShared ? shared : new Pool({ processes: 2, stdio: 'ignore', ...options });
  const pids = new Set<number>();
  const notePids = () => {
    for (const pid of [...pidsOf(pool), ...findChildren()]) if (!sharedPids().includes(pid)) pids.add(pid);
  };
  try {
    if (!cold) {
      notePids();
      await pool.ready();
    }
    const start = performance.now();
    const running = observe(run(pool));
    // Reading /proc takes so long that a process could have started by then.
    if (cold) notePids();
    const seen = await running;
    const time = performance.now() - start;
    notePids();
    if (process.env.TIMES) console.log(`${time.toFixed(0)} ms, not ${took}`);
    expectOutcome(seen, gets);
    expect(time).toBeLessThan(took * SLOWNESS + HICCUP);
    const next = await observe(pool.apply(double, [21]));
    if (afterwards !== undefined) return expect(next).toMatchObject({ reason: { name: afterwards } });
    expect(next).toEqual({ value: 42 });
    expect(await broadcastTo(pool, options)).toEqual(Array(options?.processes ?? 2).fill(2));
  } finally {
    notePids();
    if (!isShared) await endPool(pool, pids);
    expect(await findSurvivors(findChildren().filter((pid) => !sharedPids().includes(pid)))).toEqual([]);
  }
}

test('the search for remaining processes finds those of a pool', async () => {
  await shared.ready();
  if (process.platform === 'linux') expect(findChildren()).toEqual(expect.arrayContaining(pidsOf(shared)));
});

describe.each(failures)('%s', (_heading, group) => {
  test.each(group.map((failure) => [failure.what, failure] as const))('%s', (_what, failure) => tryOut(failure));
});

test('the page contains these tables', () => {
  const page = `${root}docs/reliability.md`;
  const text = readFileSync(page, 'utf8');
  const [before = '', , after = ''] = text.split(/(?<=<!-- tables -->\n\n)|(?=\n\n<!-- end of the tables -->)/);
  const wanted = before + toTables(failures) + after;
  if (process.env.WRITE_TABLE) writeFileSync(page, wanted);
  else expect(text).toBe(wanted);
});
