/**
 * Runs tasks in a pool while its processes are killed at random, and checks the guarantees of the pool.
 *
 *     node test/reliability/programs/chaos.mjs [--tasks 100000] [--seconds 0] [--processes 4] [--every 100] [--apart 0]
 *
 * One process is killed every `--every` milliseconds, but only after `--apart` more tasks are answered: on a slow machine,
 * processes could die faster than they boot. `--seconds` repeats rounds of `--tasks` for that time. Prints a report, and exits
 * with 1 if a guarantee is violated. Each round runs twice: with retries, where every result must arrive, once and correct, and
 * without, where only tasks that may have started may be lost.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool, ProcessExitError } from 'aiomultiprocess';
import { noteAndWork, resultOf } from '../../fixtures/reliability/noting.js';

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '0' },
    processes: { type: 'string', default: '4' },
    every: { type: 'string', default: '100' },
    apart: { type: 'string', default: '0' },
  },
});
const { tasks, seconds, processes, every, apart } = Object.fromEntries(
  Object.entries(values).map(([name, value]) => [name, Number(value)]),
);

/** How many tasks of a process may have started without the program knowing: MAX_UNWRITTEN in lib/ipc/messages.ts. */
const MAX_LOST = 256;
const RETRIES = 20;

/** @param {Pool} pool */
function killAtRandom(pool) {
  const killed = { killed: 0, killedBooting: 0 };
  let next = 0;
  const timer = setInterval(() => {
    const { done, failed, processes } = pool.stats();
    if (done + failed < next) return;
    next = done + failed + apart;
    const victims = processes.filter(({ pid }) => pid !== undefined);
    const victim = victims[Math.floor(Math.random() * victims.length)];
    if (victim === undefined) return;
    killed.killed++;
    if (victim.state === 'booting') killed.killedBooting++;
    try {
      process.kill(victim.pid, 'SIGKILL');
    } catch {
      // The process has exited, and its exit event is still to come.
    }
  }, every);
  return { killed, stop: () => clearInterval(timer) };
}

/** How often each task was started, according to the records of the tasks themselves. */
function readStarts(folder) {
  const starts = new Map();
  for (const file of readdirSync(folder)) {
    for (const id of readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean).map(Number)) {
      starts.set(id, (starts.get(id) ?? 0) + 1);
    }
  }
  return starts;
}

/** Runs all tasks, half of them with a map and half one by one, and returns each outcome by the number of its task. */
async function runAll(pool, folder, retries) {
  const outcomes = new Map();
  const settle = (id, outcome) => {
    assert(!outcomes.has(id), `task ${id} was answered twice`);
    outcomes.set(id, outcome);
  };
  const half = Math.floor(tasks / 2);
  const map = pool.starmap(
    noteAndWork,
    Array.from({ length: half }, (_, id) => [id, folder]),
    { retries },
  );
  const calls = Array.from({ length: tasks - half }, (_, index) => {
    const id = half + index;
    return pool.apply(noteAndWork, [id, folder], { retries }).then(
      (value) => settle(id, { value }),
      (reason) => settle(id, { reason }),
    );
  });
  const settled = await map.settled();
  settled.forEach((outcome, id) => {
    settle(id, outcome.status === 'fulfilled' ? { value: outcome.value } : { reason: outcome.reason });
  });
  await Promise.all(calls);
  return outcomes;
}

async function runRound(retries) {
  const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-chaos-'));
  const begin = performance.now();
  try {
    return await Pool.using({ processes }, async (pool) => {
      await pool.ready();
      const chaos = killAtRandom(pool);
      const outcomes = await runAll(pool, folder, retries);
      chaos.stop();
      const report = check(outcomes, readStarts(folder), retries);
      return { ...report, ...chaos.killed, seconds: Number(((performance.now() - begin) / 1000).toFixed(1)) };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Checks that every task has exactly one outcome, and the expected one. */
function check(outcomes, starts, retries) {
  assert.equal(outcomes.size, tasks, 'every promise settles');
  const lost = new Map();
  let rejectedUnstarted = 0;
  let restarted = 0;
  for (const [id, { value, reason }] of outcomes) {
    const started = starts.get(id) ?? 0;
    if (reason === undefined) assert.deepEqual(value, resultOf(id));
    else {
      assert(reason instanceof ProcessExitError, `task ${id} was rejected with ${reason}`);
      assert(reason.mayHaveStarted && reason.signal === 'SIGKILL', String(reason));
      lost.set(reason.pid, (lost.get(reason.pid) ?? 0) + 1);
      if (started === 0) rejectedUnstarted++;
    }
    if (started > 1) restarted++;
    if (reason === undefined) assert(started >= 1, `task ${id} has a result, and never ran`);
    assert(started <= retries + 1, `task ${id} was started ${started} times`);
  }
  const rejected = [...lost.values()].reduce((sum, count) => sum + count, 0);
  if (retries > 0) assert.equal(rejected, 0, 'with retries every result arrives');
  for (const [pid, count] of lost) assert(count <= MAX_LOST, `process ${pid} has taken ${count} tasks with it`);
  return { tasks, retries, rejected, rejectedUnstarted, restarted, mostLost: Math.max(0, ...lost.values()) };
}

const unhandled = (reason) => {
  console.error('unhandled', reason);
  process.exit(1);
};
process.on('unhandledRejection', unhandled);

const end = performance.now() + seconds * 1000;
do {
  for (const retries of [RETRIES, 0]) console.log(JSON.stringify(await runRound(retries)));
} while (performance.now() < end);
