import { setTimeout } from 'node:timers/promises';
import { median } from '../statistics.js';

/** The consumer takes this many results, then pauses. It is slower than the pool, which therefore has to wait. */
const GULP = 1_000;
const PAUSE = 4;
const WARM_UP = 200_000;
/** The fraction of all items for one sample of the throughput. */
const PART = 1 / 10;
const SAMPLES = 3;

/** @type {import('./index.js').Workload} */
export default {
  name: 'streamed-map',
  title: 'items from a generator through map',
  about:
    '`map` over a generator of 5,000,000 items with a consumer that pauses for 4 ms after every 1,000 results: the ' +
    "growth of the caller's memory. Then a tenth of the items with a consumer that does not pause: the rate as a " +
    'fraction of the rate with an array, one after the other in the same process',
  task: 'increment',
  kinds: ['ours'],
  count: 5_000_000,
  bound: 300,
  floors: [],
  metrics: {
    growth: { label: 'growth of memory in MiB', better: 'less' },
    ofArray: { label: "part of the array's rate", better: 'more' },
  },
  goals: [
    { metric: 'growth', below: 60, unit: 'MiB' },
    { metric: 'ofArray', atLeast: 0.8 },
  ],

  async measure(open, { streamItems }) {
    const pool = await open();
    const growth = await measureGrowth(pool, streamItems);
    const samples = [];
    for (let i = 0; i < SAMPLES; i++) samples.push(await compareRates(pool, Math.ceil(streamItems * PART)));
    await pool.close();
    const ofArray = median(samples.map(({ generator, array }) => generator / array));
    return { count: streamItems, samples, values: { growth, ofArray } };
  },
};

async function measureGrowth(pool, count) {
  await consumeSlowly(pool.map(generateNumbers(WARM_UP)), WARM_UP);
  const before = process.memoryUsage.rss();
  const highest = await consumeSlowly(pool.map(generateNumbers(count)), count);
  return Math.max(0, highest - before) / 2 ** 20;
}

/** Returns the peak memory of this process. */
async function consumeSlowly(results, count) {
  let highest = 0;
  let taken = 0;
  for await (const result of results) {
    if (result !== ++taken) throw new Error('the results are wrong');
    if (taken % GULP > 0) continue;
    await setTimeout(PAUSE);
    highest = Math.max(highest, process.memoryUsage.rss());
  }
  if (taken !== count) throw new Error('results are missing');
  return highest;
}

/** Items per second, with an array and with a generator. */
async function compareRates(pool, count) {
  const generator = await timeConsumption(pool, generateNumbers(count), count);
  const array = await timeConsumption(pool, [...generateNumbers(count)], count);
  return { generator, array };
}

async function timeConsumption(pool, items, count) {
  const start = performance.now();
  let taken = 0;
  for await (const result of pool.map(items)) taken += result > 0 ? 1 : 0;
  if (taken !== count) throw new Error('results are missing');
  return count / ((performance.now() - start) / 1000);
}

function* generateNumbers(count) {
  for (let i = 0; i < count; i++) yield i;
}
