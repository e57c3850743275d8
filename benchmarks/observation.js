/**
 * What it costs to observe a pool.
 *
 *     node benchmarks/observation.js [--rounds 15] [--memory-rounds 3] [--only TEXT]
 *
 * Prints the rates of tiny tasks with each way to observe a pool, in turns, and their quotients with a pool that nobody observes:
 * the median of those of each round. Then the memory of the program after 200,000 and after 1,000,000 tasks, without a dashboard
 * and with an open page, each in a process of its own. Run `npm run build` first; it needs a quiet machine.
 */
import { execFile, spawn } from 'node:child_process';
import { tracingChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import functions from './tasks/functions.cjs';

const { Pool } = await import(new URL('../dist/lib/index.js', import.meta.url).href);
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    'memory-rounds': { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    memory: { type: 'string' },
  },
});
const CALLS = 30_000;
const ITEMS = 100_000;
/** How long each rate is measured at least, in milliseconds: the state goes to a page four times a second. */
const TURN = 1000;
/** The tasks after which memory is measured. */
const [FEW, MANY] = [200_000, 1_000_000];
const MAX_GROWTH = 5;
const NOBODY = 'no listener';
const PAGE = 'the dashboard, with an open page';

const trace = join(tmpdir(), `aiomultiprocess-observation-${process.pid}.json`);
const subscribers = { asyncEnd() {} };
const channel = tracingChannel('aiomultiprocess:task');
const numbers = Array.from({ length: ITEMS }, (_, number) => number);

/** Each entry has the options of a pool, and the code around its turn. `begin` returns what ends it. */
const ways = {
  [NOBODY]: {},
  'a listener to `taskError`': { begin: (pool) => void pool.on('taskError', () => {}) },
  'a listener to `taskSucceeded`': { begin: (pool) => void pool.on('taskSucceeded', () => {}) },
  'a subscriber of the channel': {
    begin: () => {
      channel.subscribe(subscribers);
      return () => channel.unsubscribe(subscribers);
    },
  },
  '`{ measure: true }`': { options: { measure: true } },
  '`{ trace }`': { options: { trace } },
  'the dashboard, without a page': { begin: openDashboard, atLeast: 0.99 },
  [PAGE]: { begin: openPage, atLeast: 0.9 },
};

if (values.memory === undefined) {
  await compareRates();
  await compareMemory();
} else {
  await measureMemory(values.memory);
}

async function compareRates() {
  const chosen = Object.keys(ways).filter((name) => name === NOBODY || name.includes(values.only));
  const rates = Object.fromEntries(chosen.map((name) => [name, { apply: [], map: [] }]));
  for (let round = 0; round < Number(values.rounds); round++) {
    // Each has each place in a round, if there are enough of them.
    const first = round % chosen.length;
    for (const name of [...chosen.slice(first), ...chosen.slice(0, first)]) {
      const { apply, map } = await takeTurn(ways[name]);
      rates[name].apply.push(apply);
      rates[name].map.push(map);
    }
  }
  rmSync(trace, { force: true });
  console.log('| | `apply`/s | of nobody | `map` items/s | of nobody | goal |\n| --- | --- | --- | --- | --- | --- |');
  for (const name of chosen) {
    const columns = ['apply', 'map'].flatMap((kind) => [
      formatRate(median(rates[name][kind])),
      quotientOf(rates, name, kind).toFixed(3),
    ]);
    console.log(`| ${name} | ${columns.join(' | ')} | ${judge(rates, name)} |`);
  }
}

async function takeTurn({ options, begin }) {
  const pool = new Pool({ processes: 2, ...options });
  await pool.ready();
  const end = await begin?.(pool);
  try {
    // The first turn warms up V8.
    await measure(pool, TURN / 5);
    return await measure(pool, TURN);
  } finally {
    await end?.();
    pool.terminate();
    await pool.join();
  }
}

async function measure(pool, duration) {
  const apply = await rateOf(CALLS, duration, () =>
    Promise.all(numbers.slice(0, CALLS).map((n) => pool.apply(functions.add, [n, 1]))),
  );
  const map = await rateOf(ITEMS, duration, () => pool.map(functions.increment, numbers));
  return { apply, map };
}

async function rateOf(count, duration, run) {
  const begin = performance.now();
  let runs = 0;
  while (performance.now() - begin < duration) {
    await run();
    runs++;
  }
  return ((runs * count) / (performance.now() - begin)) * 1000;
}

function quotientOf(rates, name, kind) {
  return median(rates[name][kind].map((rate, round) => rate / rates[NOBODY][kind][round]));
}

function judge(rates, name) {
  const { atLeast } = ways[name];
  if (atLeast === undefined) return '';
  const isMet = ['apply', 'map'].every((kind) => quotientOf(rates, name, kind) >= atLeast);
  return `at least ${atLeast}: ${isMet ? 'met' : 'missed'}`;
}

async function openDashboard(pool) {
  const dashboard = await pool.dashboard({ print: false });
  return () => dashboard.close();
}

/** A page that only reads: what a browser does with it costs the program nothing. */
async function openPage(pool) {
  const dashboard = await pool.dashboard({ print: false });
  const read = `require('node:http').get('${dashboard.address}events', (page) => page.once('data', () => console.log()).resume())`;
  const page = spawn(process.execPath, ['--eval', read], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(page.stdout, 'data');
  return async () => {
    page.kill();
    await dashboard.close();
  };
}

async function compareMemory() {
  const run = promisify(execFile);
  const samples = { [NOBODY]: [], [PAGE]: [] };
  for (let round = 0; round < Number(values['memory-rounds']); round++) {
    for (const name of Object.keys(samples)) {
      const { stdout } = await run(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), '--memory', name]);
      samples[name].push(JSON.parse(stdout));
    }
  }
  console.log(`\n| MB | heap after ${FEW} tasks | after ${MANY} | resident | goal |\n| --- | --- | --- | --- | --- |`);
  for (const [name, each] of Object.entries(samples)) {
    const columns = ['few', 'many', 'resident'].map((column) =>
      median(each.map((sample) => sample[column])).toFixed(1),
    );
    const growth = median(each.map(({ few, many }) => many - few));
    const goal = `grows by at most ${MAX_GROWTH}: ${growth <= MAX_GROWTH ? 'met' : 'missed'} (${growth.toFixed(1)})`;
    console.log(`| ${name} | ${columns.join(' | ')} | ${name === PAGE ? goal : ''} |`);
  }
}

/** Prints the memory of this process in MB. */
async function measureMemory(name) {
  const pool = new Pool({ processes: 2 });
  const end = await ways[name].begin?.(pool);
  const heap = [];
  for (let done = ITEMS; done <= MANY; done += ITEMS) {
    await pool.map(functions.increment, numbers);
    if (done === FEW || done === MANY) heap.push(await readHeap());
  }
  console.log(JSON.stringify({ few: heap[0], many: heap[1], resident: process.memoryUsage.rss() / 1e6 }));
  await end?.();
  pool.terminate();
  await pool.join();
}

async function readHeap() {
  await sleep(300);
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

function median(samples) {
  return samples.toSorted((one, other) => one - other)[samples.length >> 1];
}

function formatRate(rate) {
  return `${Math.round(rate / 1000).toLocaleString('en')},000`;
}
