// Runs every contender on every workload, round by round: A B C, A B C, A B C.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { calibrateBurn } from './calibrate.js';
import { contenders } from './contenders/index.js';
import { describeMachine } from './describe-machine.js';
import { formatTitle } from './format.js';
import { judgeGoals } from './goals.js';
import { renderGoals, renderWorkload } from './report.js';
import { resolveFromCaller } from './resolve-from-caller.js';
import { killRunningCells, runCell } from './run-cell.js';
import { selectByName } from './select-by-name.js';
import { workloads } from './workloads/index.js';

const usage = `usage: npm run bench -- [options]

  --processes <n>   processes, or threads, of every pool (2)
  --rounds <n>      rounds; a value is the median of its rounds (3)
  --only <names>    workloads or contenders to run, comma-separated; a part of a name selects all
                    matches, unless a name is equal to it
  --stream-items <n>  items of streamed-map (5000000)
  --core <n>        run everything on this core: slower, but steady (requires taskset)
  --longest <s>     a sample that would take longer is cut to fewer tasks (1)
  --bound <s>       seconds after which a cell is killed (60)
  --json <file>     write all raw samples to this file

workloads: ${workloads.map(({ name }) => name).join(', ')}
contenders: ${contenders.map(({ name }) => name).join(', ')}`;

const options = readOptions();
const machine = await describeMachine(contenders);
console.log(machine.lines.join('\n'));

const iterationsPerMicrosecond = await calibrateBurn();
const selected = select();
const unavailable = await findUnavailable(selected.contenders);
const tables = selected.workloads.map((workload) => ({ workload, rows: createRows(workload) }));
const startedAt = new Date();

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    killRunningCells();
    process.exit(130);
  });
}

for (const table of tables) {
  for (let round = 1; round <= options.rounds; round++) {
    for (const row of table.rows) await measureCell(table.workload, row, round);
  }
  showProgress('');
  console.log(`\n${renderWorkload(table.workload, table.rows)}`);
}
for (const table of tables) table.goals = judgeGoals(table.workload, table.rows);
if (tables.some(({ goals }) => goals.length > 0)) console.log(`\n${renderGoals(tables)}`);
console.log('\n* fewer tasks, so that no sample takes much longer than --longest');
if (options.json) writeResults(options.json);

async function measureCell(workload, row, round) {
  // A contender that hung or failed would do so again.
  if (row.reason) return;
  showProgress(`${workload.name}, round ${round} of ${options.rounds}: ${row.contender.name}`);
  const job = {
    contender: row.contender.name,
    workload: workload.name,
    core: options.core ?? workload.core,
    processes: options.processes,
    longest: Math.max(options.longest, workload.longest ?? 0),
    streamItems: options.streamItems,
    iterationsPerMicrosecond,
  };
  const bound = Math.max(options.bound, workload.bound ?? 0);
  const result = await runCell(job, bound * 1000);
  if (result.failure) row.reason = result.failure;
  else row.rounds.push({ round, ...result });
}

function createRows(workload) {
  return selected.contenders
    .filter(({ kind }) => workload.kinds?.includes(kind) ?? kind !== 'manager')
    .filter(({ kind, name }) => kind !== 'floor' || workload.floors.includes(name))
    .map((contender) => ({ contender, reason: unavailable.get(contender), rounds: [] }));
}

async function findUnavailable(candidates) {
  const reasons = new Map();
  for (const contender of candidates) {
    const reason = await contender.whyUnavailable?.();
    if (reason) reasons.set(contender, reason);
  }
  return reasons;
}

function select() {
  try {
    return selectByName(options.only, { workloads, contenders });
  } catch (error) {
    return fail(error.message);
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        processes: { type: 'string', default: '2' },
        rounds: { type: 'string', default: '3' },
        only: { type: 'string' },
        core: { type: 'string' },
        longest: { type: 'string', default: '1' },
        bound: { type: 'string', default: '60' },
        'stream-items': { type: 'string', default: '5000000' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit();
    }
    const positive = (name) => {
      const value = Number(values[name]);
      if (!(Number.isInteger(value) && value > 0)) fail(`--${name} takes a whole number above 0`);
      return value;
    };
    const numbers = ['processes', 'rounds', 'longest', 'bound'].map((name) => [name, positive(name)]);
    return { ...values, ...Object.fromEntries(numbers), streamItems: positive('stream-items') };
  } catch (error) {
    return fail(error.message);
  }
}

function fail(message) {
  console.error(`${message}\n\n${usage}`);
  process.exit(1);
}

function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function writeResults(file) {
  const results = tables.map(({ workload, rows, goals }) => ({
    workload: workload.name,
    title: formatTitle(workload),
    about: workload.about,
    count: workload.count,
    metrics: workload.metrics,
    floor: workload.floors[0],
    goals,
    rows: rows.map(({ contender, reason, rounds }) => ({
      contender: contender.name,
      kind: contender.kind,
      reason,
      rounds,
    })),
  }));
  const { processes, rounds } = options;
  const run = { startedAt, finishedAt: new Date(), processes, rounds, machine: machine.facts, results };
  writeFileSync(resolveFromCaller(file), `${JSON.stringify(run)}\n`);
  console.log(`raw samples: ${file}`);
}
