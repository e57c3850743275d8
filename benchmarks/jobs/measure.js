import { setTimeout } from 'node:timers/promises';
import { findDescendants, readCpuTime, readPeakMiB, whyUnreadable } from '../read-processes.js';

/** Runs with a pool that is warm. */
const WARM_RUNS = 2;

/**
 * Runs a batch in a new pool, and then again in the same.
 *
 * @param {() => Promise<import('../contenders/index.js').OpenPool>} open
 * @param {unknown[]} items
 */
export async function measureBatch(open, items) {
  let pool;
  const run = async () => {
    pool ??= await open();
    return pool.map ? pool.map(items) : Promise.all(items.map((item) => pool.call([item])));
  };
  const cold = await timeRun(run);
  // Garbage collectors and compilers finish, so that the next run does not pay for this one.
  await setTimeout(200);
  const warm = [];
  while (warm.length < WARM_RUNS) warm.push(await timeRun(run));
  const totals = new Set([cold, ...warm].map((one) => one.totals));
  if (totals.size > 1) throw new Error(`the totals change between runs: ${[...totals].join(' and ')}`);

  const mean = (key) => warm.reduce((sum, one) => sum + one[key], 0) / warm.length;
  return {
    pool,
    totals: cold.totals,
    samples: [cold, ...warm].map(({ seconds, cpu }) => ({ seconds, cpu })),
    values: {
      cold: cold.seconds,
      warm: mean('seconds'),
      coldCpu: cold.cpu,
      warmCpu: mean('cpu'),
      memory: readPeakMemory([process.pid, ...listDescendants()]),
    },
  };
}

async function timeRun(run) {
  const cpuBefore = readTreeCpu();
  const start = performance.now();
  const results = await run();
  const seconds = (performance.now() - start) / 1000;
  return { seconds, cpu: readTreeCpu() - cpuBefore, totals: sumTotals(results) };
}

/** The sums of all numbers by their name, as text with the names in order. */
function sumTotals(results) {
  const totals = new Map();
  for (const result of results) {
    for (const [name, value] of Object.entries(result)) totals.set(name, (totals.get(name) ?? 0) + value);
  }
  return JSON.stringify(Object.fromEntries([...totals].sort(([one], [other]) => (one < other ? -1 : 1))));
}

/** The CPU time of this process, threads that have ended included, and of its descendants, in seconds. */
function readTreeCpu() {
  const { user, system } = process.cpuUsage();
  const others = listDescendants().reduce((sum, pid) => sum + readCpuTime(pid), 0);
  return whyUnreadable ? undefined : (user + system) / 1e6 + others / 1e3;
}

/**
 * The sum of the peaks of processes, which is at least the peak of the sum. Read at the end: reading it all the time would cost the
 * measured processes a part of their cores.
 *
 * @param {number[]} pids
 */
export function readPeakMemory(pids) {
  return whyUnreadable ? undefined : pids.reduce((sum, pid) => sum + readPeakMiB(pid), 0);
}

function listDescendants() {
  return whyUnreadable ? [] : findDescendants();
}
