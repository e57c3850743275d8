// Measures the cost of observation: the medians of tiny tasks with each way to observe a pool, in turns. Run `npm run build` first.

import { tracingChannel } from 'node:diagnostics_channel';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import functions from './tasks/functions.cjs';

const { Pool } = await import(new URL('../dist/lib/index.js', import.meta.url).href);
const ROUNDS = Number(process.argv[2] ?? 7);
const CALLS = 30_000;
const ITEMS = 100_000;
const trace = join(tmpdir(), `aiomultiprocess-observation-${process.pid}.json`);
const subscribers = { asyncEnd() {} };
const channel = tracingChannel('aiomultiprocess:task');

/** Each entry has the options of a pool, and the code around its turn. */
const ways = {
  'no listener': {},
  'a listener to `taskError`': { prepare: (pool) => pool.on('taskError', () => {}) },
  'a listener to `taskSucceeded`': { prepare: (pool) => pool.on('taskSucceeded', () => {}) },
  'a subscriber of the channel': {
    begin: () => channel.subscribe(subscribers),
    end: () => channel.unsubscribe(subscribers),
  },
  '`{ measure: true }`': { options: { measure: true } },
  '`{ trace }`': { options: { trace } },
};

const numbers = Array.from({ length: ITEMS }, (_, number) => number);
const rates = Object.fromEntries(Object.keys(ways).map((name) => [name, { apply: [], map: [] }]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, way] of Object.entries(ways)) {
    const pool = new Pool({ processes: 2, ...way.options });
    way.prepare?.(pool);
    way.begin?.();
    await pool.ready();
    // The first turn warms up V8.
    await measure(pool);
    const { apply, map } = await measure(pool);
    rates[name].apply.push(apply);
    rates[name].map.push(map);
    way.end?.();
    pool.terminate();
    await pool.join();
  }
}
rmSync(trace, { force: true });

console.log('| | `apply`/s | `map` items/s |\n| --- | --- | --- |');
for (const [name, { apply, map }] of Object.entries(rates)) {
  console.log(`| ${name} | ${format(median(apply))} | ${format(median(map))} |`);
}

async function measure(pool) {
  const apply = await rateOf(CALLS, () =>
    Promise.all(numbers.slice(0, CALLS).map((n) => pool.apply(functions.add, [n, 1]))),
  );
  const map = await rateOf(ITEMS, () => pool.map(functions.increment, numbers));
  return { apply, map };
}

async function rateOf(count, run) {
  const begin = performance.now();
  await run();
  return (count / (performance.now() - begin)) * 1000;
}

function median(values) {
  return values.toSorted((one, other) => one - other)[values.length >> 1];
}

function format(rate) {
  return `${Math.round(rate / 1000).toLocaleString('en')},000`;
}
