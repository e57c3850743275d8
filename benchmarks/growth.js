/**
 * What a tiny task costs the program with more and more processes: on a machine with many cores, the program is the bound.
 *
 *     node benchmarks/growth.js [--processes 1,2,8,32,96,128] [--items 100000] [--rounds 5] [--waits] [--json FILE]
 *
 * Prints the CPU time of the program, without that of its processes, for each item of a map and for each call, and how many
 * times as much that is as with the first count. CPU time is fairly steady on a machine that has other work to do. `--waits`
 * also prints how close tasks of 100 ms that only wait come to the ideal with all places in use, and how close bare forked
 * processes come that are sent the same; it needs a quiet machine.
 */
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import contender from './contenders/ours.js';
import { waitAndCompute } from './tasks/scheduling.js';

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '1,2,8,32,96,128' },
    items: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
    waits: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const counts = values.processes.split(',').map(Number);
const items = Array.from({ length: Number(values.items) }, (_, item) => item);
/** Calls that are made at once. */
const BURST = 10_000;
const MAX_GROWTH = 1.3;
const WAIT = 100;
const PLACES = 16;
const IN_A_ROW = 4;
const MIN_PART = 0.95;

/** @returns the CPU time of this process for each item of what `run` does, in microseconds. */
async function measureCpu(count, run) {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function medianOf(samples) {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)];
}

/**
 * @param {() => Promise<unknown>} run tasks of 100 ms on all places, several in a row.
 * @returns the part that they take at least of the time that they take, at the median of five runs.
 */
async function compareWithIdeal(run) {
  await run();
  const parts = [];
  for (let round = 0; round < 5; round++) {
    const begin = performance.now();
    await run();
    parts.push((IN_A_ROW * WAIT) / (performance.now() - begin));
  }
  return medianOf(parts);
}

async function measureWaits(processes) {
  const { Pool } = await contender.load();
  const pool = new Pool({ processes, childConcurrency: PLACES });
  await pool.ready();
  const waits = Array(processes * PLACES * IN_A_ROW).fill({ wait: WAIT, work: 0 });
  const part = await compareWithIdeal(() => pool.map(waitAndCompute, waits));
  pool.terminate();
  await pool.join();
  return part;
}

/** The same by Node's own messages: what the machine has room for. */
async function measureBareWaits(processes) {
  const filename = fileURLToPath(new URL('./floor/wait.cjs', import.meta.url));
  const children = Array.from({ length: processes }, () => fork(filename));
  const part = await compareWithIdeal(
    () =>
      new Promise((resolve) => {
        let left = processes * PLACES * IN_A_ROW;
        for (const child of children) {
          let waiting = PLACES * IN_A_ROW;
          const send = () => waiting-- > 0 && child.send(WAIT);
          child.removeAllListeners('message').on('message', () => {
            send();
            if (--left === 0) resolve();
          });
          for (let place = 0; place < PLACES; place++) send();
        }
      }),
  );
  for (const child of children) child.kill();
  return part;
}

const report = [];
for (const processes of counts) {
  const pool = await contender.open({ processes, task: 'increment' });
  const calls = async () => {
    for (let at = 0; at < items.length; at += BURST) {
      await Promise.all(items.slice(at, at + BURST).map((item) => pool.call([item])));
    }
  };
  const map = async () => void (await pool.map(items));
  const samples = { map: [], apply: [] };
  for (const run of [map, calls]) await run();
  for (let round = 0; round < Number(values.rounds); round++) {
    samples.map.push(await measureCpu(items.length, map));
    samples.apply.push(await measureCpu(items.length, calls));
  }
  await pool.close();
  const row = { processes, map: medianOf(samples.map), apply: medianOf(samples.apply) };
  if (values.waits) {
    row.waits = await measureWaits(processes);
    row.bareWaits = await measureBareWaits(processes);
  }
  report.push(row);
  const [first] = report;
  const columns = ['map', 'apply'].map((what) => {
    const growth = row[what] / first[what];
    row[`${what}IsMet`] = growth <= MAX_GROWTH;
    return `${what} ${row[what].toFixed(2)} µs (${growth.toFixed(2)} ×)`;
  });
  if (row.waits !== undefined) {
    columns.push(
      `waits ${row.waits.toFixed(2)} of the ideal (goal ${MIN_PART}; bare forks ${row.bareWaits.toFixed(2)})`,
    );
  }
  console.log(`${String(processes).padStart(4)} processes: ${columns.join('  ')}`);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
