/**
 * How close the pool comes to list scheduling, with its default options: each task in its order to the process that is
 * free first.
 *
 *     node benchmarks/scheduling.js [--draws 8] [--only NAME] [--json FILE]
 *
 * Tasks compute for a given time by the clock, so that the result tells of the order and not of the speed of the machine.
 * Prints for each mix the time of list scheduling divided by that of the pool: the mean and the least of the draws.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Pool } from '../dist/lib/index.js';
import { createRandom } from './random.js';
import { waitAndCompute } from './tasks/scheduling.js';

const { values } = parseArgs({
  options: { draws: { type: 'string', default: '8' }, only: { type: 'string' }, json: { type: 'string' } },
});
const PROCESSES = 2;
const MIN_MEAN = 0.97;
const MIN_LEAST = 0.92;

/** @typedef {{ wait: number, work: number }} Item in milliseconds */

/** @type {Record<string, { about: string, draw(random: () => number): Item[], isSorted?: boolean }>} */
const MIXES = {
  'uneven-30': {
    about: '30 tasks that wait 5 ms and compute for 20 to 65 ms, one in five for 620 ms',
    draw: (random) => repeat(30, () => ({ wait: 5, work: random() < 0.2 ? 620 : 20 + 45 * random() })),
  },
  'uneven-80': {
    about: '80 tasks that wait 5 ms and compute for 8 ms, one in ten for 300 ms',
    draw: (random) => repeat(80, () => ({ wait: 5, work: random() < 0.1 ? 300 : 8 })),
  },
  'heaviest-first': {
    about: 'the same with `weight`, of list scheduling with the longest first',
    draw: (random) => MIXES['uneven-80'].draw(random),
    isSorted: true,
  },
  'cpu-uneven': {
    about: '300 tasks that compute for 3 ms, one in fifty for 250 ms',
    draw: (random) => repeat(300, () => ({ wait: 0, work: random() < 0.02 ? 250 : 3 })),
  },
  waits: {
    about: '640 tasks that wait 50 ms: of the ideal with all of the places in use',
    draw: () => repeat(640, () => ({ wait: 50, work: 0 })),
  },
  'cpu-1ms': { about: '1,000 tasks that compute for 1 ms', draw: () => repeat(1000, () => ({ wait: 0, work: 1 })) },
  'cpu-100us': {
    about: '10,000 tasks that compute for 0.1 ms',
    draw: () => repeat(10_000, () => ({ wait: 0, work: 0.1 })),
  },
  'one-long': {
    about: '4,000 tasks that compute for 1 ms, and one for 1 s among them',
    draw(random) {
      const items = repeat(4000, () => ({ wait: 0, work: 1 }));
      items.splice(Math.floor(random() * items.length), 0, { wait: 0, work: 1000 });
      return items;
    },
  },
};

function repeat(count, create) {
  return Array.from({ length: count }, create);
}

function lengthOf({ wait, work }) {
  return wait + work;
}

/** A process runs one task that computes at a time, or as many that only wait as it has places. */
function listSchedule(items) {
  const places = items.every(({ work }) => work === 0) ? 16 : 1;
  const free = Array(PROCESSES * places).fill(0);
  for (const { wait, work } of items) free[free.indexOf(Math.min(...free))] += wait + work;
  return Math.max(...free);
}

const report = [];
for (const [name, { about, draw, isSorted = false }] of Object.entries(MIXES)) {
  if (values.only !== undefined && name !== values.only) continue;
  const random = createRandom(1);
  const ratios = [];
  await Pool.using({ processes: PROCESSES }, async (pool) => {
    await pool.map(waitAndCompute, draw(random));
    for (let round = 0; round < Number(values.draws); round++) {
      const items = draw(random);
      const start = performance.now();
      await pool.map(waitAndCompute, items, isSorted ? { weight: lengthOf } : {});
      ratios.push(
        listSchedule(isSorted ? items.toSorted((a, b) => lengthOf(b) - lengthOf(a)) : items) /
          (performance.now() - start),
      );
    }
  });
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  const least = Math.min(...ratios);
  report.push({ name, about, mean, least, isMet: mean >= MIN_MEAN && least >= MIN_LEAST });
  console.log(`${name.padEnd(12)} mean ${mean.toFixed(3)}  least ${least.toFixed(3)}`);
}
report.push(await measureArrival());
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);

/** How long a task that only waits takes to start while tasks of 20 ms compute in all processes. */
async function measureArrival() {
  const times = [];
  await Pool.using({ processes: PROCESSES }, async (pool) => {
    const busy = pool.map(
      waitAndCompute,
      repeat(400, () => ({ wait: 0, work: 20 })),
    );
    for (let round = 0; round < 20; round++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const start = performance.now();
      await pool.apply(waitAndCompute, [{ wait: 0, work: 0 }]);
      times.push(performance.now() - start);
    }
    busy.cancel();
    await busy.settled().catch(() => {});
  });
  const longest = Math.max(...times);
  const median = times.toSorted((a, b) => a - b)[10];
  console.log(`arrival      median ${median.toFixed(1)} ms  longest ${longest.toFixed(1)} ms, tasks of 20 ms`);
  return { name: 'arrival', median, longest };
}
