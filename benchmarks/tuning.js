// What `childConcurrency` and `priority` do, for the guide about tuning:
//
//     node benchmarks/tuning.js [--rounds 5] [--only priority]
//
// Each round runs every setting once, in turn, in a new pool that is warm. Values are medians of the rounds.
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMainProcess, Pool } from '../dist/lib/index.js';
import { median } from './statistics.js';

/** Computes for about this long. */
export function compute(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Waits, as for a request, and then computes. */
export async function waitAndCompute(wait, milliseconds) {
  await setTimeout(wait);
  compute(milliseconds);
}

const withPool = (options, body) =>
  Pool.using({ processes: 2, ...options }, async (pool) => {
    await pool.warm(compute, waitAndCompute);
    // The pool learns how long tasks take, as in a program that has run for a while.
    await pool.map(compute, Array(16).fill(20));
    await pool.starmap(waitAndCompute, Array(16).fill([50, 0.5]));
    return body(pool);
  });

/** Seconds for 200 tasks that mostly wait. */
async function timeWaiting(pool) {
  const start = performance.now();
  await pool.starmap(
    waitAndCompute,
    Array.from({ length: 200 }, () => [50, 0.5]),
  );
  return (performance.now() - start) / 1000;
}

/** The longest of the short calls that come, one after the other, while a map of 100 long tasks runs. */
async function timeShort(pool) {
  let isOver = false;
  const background = pool.map(compute, Array(100).fill(20)).finally(() => {
    isOver = true;
  });
  await setTimeout(50);
  let longest = 0;
  while (!isOver) {
    const start = performance.now();
    await pool.apply(compute, [0.1]);
    longest = Math.max(longest, performance.now() - start);
  }
  await background;
  return longest;
}

/** How long a call takes that comes while 100 calls wait. */
async function timeUrgent(pool, options = {}) {
  const background = Promise.all(Array.from({ length: 100 }, () => pool.apply(compute, [20])));
  await setTimeout(50);
  const start = performance.now();
  await pool.apply(compute, [0.1], options);
  const time = performance.now() - start;
  await background;
  return time;
}

const MEASUREMENTS = {
  'tasks that wait 50 ms and compute 0.5 ms: seconds for 200': {
    'childConcurrency: 1': () => withPool({ childConcurrency: 1 }, timeWaiting),
    'childConcurrency: 4': () => withPool({ childConcurrency: 4 }, timeWaiting),
    'childConcurrency: 16 (the default)': () => withPool({}, timeWaiting),
    'childConcurrency: 64': () => withPool({ childConcurrency: 64 }, timeWaiting),
  },
  'the longest of the short calls during a map of tasks that compute 20 ms: ms': {
    'childConcurrency: 16 (the default)': () => withPool({}, timeShort),
    'childConcurrency: { fixed: 1 }': () => withPool({ childConcurrency: { fixed: 1 } }, timeShort),
    'childConcurrency: { fixed: 16 }': () => withPool({ childConcurrency: { fixed: 16 } }, timeShort),
  },
  'a call behind 100 calls that compute 20 ms: ms': {
    'priority: 0 (the default)': () => withPool({}, timeUrgent),
    'priority: 1': () => withPool({}, (pool) => timeUrgent(pool, { priority: 1 })),
  },
};

if (isMainProcess) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '5' }, only: { type: 'string', default: '' } },
  });
  for (const [title, settings] of Object.entries(MEASUREMENTS)) {
    if (!Object.keys(settings).some((name) => name.includes(values.only))) continue;
    const times = Object.fromEntries(Object.keys(settings).map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [name, run] of Object.entries(settings)) times[name].push(await run());
    }
    console.log(`\n${title}`);
    for (const [name, all] of Object.entries(times)) {
      console.log(
        `  ${name.padEnd(36)} ${median(all).toPrecision(3)}  (${Math.min(...all).toPrecision(3)}–${Math.max(...all).toPrecision(3)})`,
      );
    }
  }
}
