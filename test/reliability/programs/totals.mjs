/**
 * Eight processes count together, under a lock, by `update()` and by `increment()`: the totals must be exact. Then about
 * `--deaths` processes are killed at random while they hold locks, permits and items: nothing may stay locked or be lost.
 *
 *     node test/reliability/programs/totals.mjs [--each 10000] [--jobs 2000] [--deaths 40]
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { Manager, Pool } from 'aiomultiprocess';
import {
  countUnderLock,
  holdUnreliably,
  incrementMany,
  updateMany,
  workUnreliably,
} from '../../fixtures/manager/clients.js';

const { values } = parseArgs({
  options: {
    each: { type: 'string', default: '10000' },
    jobs: { type: 'string', default: '2000' },
    deaths: { type: 'string', default: '40' },
  },
});
const each = Number(values.each);
const jobCount = Number(values.jobs);
const deaths = Number(values.deaths);
const PROCESSES = 8;

const range = (length) => Array.from({ length }, (_, index) => index);
const pidsOf = (pool) => pool.stats().processes.map(({ pid }) => pid);

async function count(manager) {
  const [lock, value, incremented] = [manager.lock(), manager.value(0), manager.value(0)];
  const map = manager.map();
  await Pool.using({ processes: PROCESSES }, async (pool) => {
    await pool.ready();
    await pool.broadcast(countUnderLock, [lock, value, each]);
    await pool.broadcast(updateMany, [map, 'key', each]);
    await pool.broadcast(incrementMany, [incremented, each]);
  });
  const report = {
    processes: PROCESSES,
    underLock: await value.get(),
    updated: await map.get('key'),
    incremented: await incremented.get(),
  };
  console.log(JSON.stringify(report));
  for (const total of [report.underLock, report.updated, report.incremented]) assert.equal(total, PROCESSES * each);
}

async function killAtRandom(manager) {
  const [lock, semaphore, entered] = [manager.lock(), manager.semaphore(3, { bounded: true }), manager.value(0)];
  const jobs = manager.queue({ acknowledge: true });
  const done = manager.map();
  const seen = new Set();
  for (const job of range(jobCount)) await jobs.put(`job ${job}`);
  await jobs.close();
  await Pool.using({ processes: 4, childConcurrency: 2, retries: 10 * deaths, stdio: 'ignore' }, async (pool) => {
    const observer = setInterval(() => {
      for (const pid of pidsOf(pool)) if (pid !== undefined) seen.add(pid);
    }, 5);
    const risk = deaths / 2 / jobCount;
    const workers = range(4).map(() => pool.apply(workUnreliably, [jobs, done, risk]));
    const holders = range(jobCount).map(() => pool.apply(holdUnreliably, [lock, semaphore, entered, risk]));
    await Promise.all([...workers, ...holders]);
    clearInterval(observer);
  });
  const report = { jobs: jobCount, done: await done.size(), entered: await entered.get(), killed: seen.size - 4 };
  console.log(JSON.stringify(report));
  assert.equal(report.done, jobCount);
  assert(report.entered >= jobCount);
  assert.deepEqual([await lock.locked(), await semaphore.value()], [false, 3]);
}

await Manager.using({}, async (manager) => {
  await count(manager);
  await killAtRandom(manager);
});
