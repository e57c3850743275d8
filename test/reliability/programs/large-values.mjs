/**
 * Sends values of random size to a pool and back, through shared memory, and checks every byte.
 *
 *     node --expose-gc test/reliability/programs/large-values.mjs [--tasks 200000] [--kill-every 0] [--views] [--seed 1]
 *
 * With `--kill-every`, one process is killed each time that this many tasks are answered; the tasks are retried. Prints a
 * report, and exits with 1 if a value is wrong or missing, or if memory is left in use.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Pool } from 'aiomultiprocess';
import { collectGarbage, echo } from '../../fixtures/shared-memory/values.js';

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '200000' },
    'kill-every': { type: 'string', default: '0' },
    views: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const [tasks, killEvery, seed] = [values.tasks, values['kill-every'], values.seed].map(Number);
const MAX_SIZE = 3_000_000;

let state = seed;
/** A number from 0 to 1, reproducible by the seed. */
function random() {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 8) / 2 ** 24;
}

const filled = Array.from({ length: 8 }, (_, fill) => Buffer.alloc(MAX_SIZE, fill + 1));

/** Most are small, and some of each size are there. */
function* makeItems() {
  for (let index = 0; index < tasks; index++) {
    yield filled[index % filled.length].subarray(0, Math.floor(MAX_SIZE ** random()));
  }
}

/** The memory of this process and its children, in which shared pages are divided among them. In MiB. */
function readMemory(pids) {
  const kilobytes = pids.map((pid) => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
    } catch {
      return 0;
    }
  });
  return Math.round(kilobytes.reduce((sum, each) => sum + each, 0) / 1024);
}

const countRegions = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('/memfd:aiomultiprocess');
    } catch {
      return false;
    }
  }).length;

const pool = new Pool({ processes: 2, retries: 50, sharedMemory: { views: values.views, limit: 64 * 1024 * 1024 } });
const start = performance.now();
const sizes = [];
const memory = [];
let done = 0;
let bytes = 0;
let killed = 0;
let way;
const expected = makeItems();
for (const item of makeItems()) sizes.push(item.length);
state = seed;

/** A function of its own: a variable of the module would keep the last value. */
async function exchangeAll() {
  for await (const value of pool.map(echo, expected)) {
    const wanted = filled[done % filled.length].subarray(0, sizes[done]);
    assert(wanted.equals(value), `value ${done} of ${sizes[done]} bytes is wrong`);
    // It belongs to this program.
    value.fill(0);
    bytes += value.length;
    done++;
    const { processes, sharedMemory } = pool.stats();
    // A process that replaces a killed one has mapped nothing yet.
    if (way !== 'mapped') ({ way } = sharedMemory);
    if (killEvery > 0 && done % killEvery === 0) {
      const victim = processes[Math.floor(Math.random() * processes.length)];
      try {
        process.kill(victim.pid, 'SIGKILL');
        killed++;
      } catch {
        // It has ended already.
      }
    }
    if (done % Math.ceil(tasks / 20) === 0) memory.push(readMemory([process.pid, ...processes.map(({ pid }) => pid)]));
  }
}

await exchangeAll();
assert.equal(done, tasks);
assert(
  filled.every((buffer, fill) => buffer.every((byte) => byte === fill + 1)),
  'a value that was sent has changed',
);
const seconds = (performance.now() - start) / 1000;

// All blocks are free once the views of them are collected, on both sides.
for (let tries = 0; pool.stats().sharedMemory.used > 0; tries++) {
  assert(tries < 100, `${pool.stats().sharedMemory.used} bytes of shared memory are still in use`);
  globalThis.gc?.();
  // The process that was killed last may not have ended yet.
  await pool.broadcast(collectGarbage).catch(() => {});
  await sleep(20);
}
pool.close();
await pool.join();
// Those of a killed process stay open until the last view of its results is collected.
for (let tries = 0; countRegions() > 0; tries++) {
  assert(tries < 100, `${countRegions()} regions of shared memory are still open`);
  globalThis.gc?.();
  await sleep(20);
}
const [early, late] = [memory.slice(4, 10), memory.slice(-6)].map((list) => Math.min(...list));
// The four regions may each be as good as empty at first and full at last.
assert(late < early * 1.5 + 4 * 64, `the memory has grown: ${memory.join(', ')} MiB`);
console.log(
  JSON.stringify({
    seed,
    tasks,
    way,
    killed,
    megabytes: Math.round(bytes / 1e6),
    seconds: Math.round(seconds),
    early,
    late,
  }),
);
