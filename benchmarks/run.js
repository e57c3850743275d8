// Runs every contender on every workload, round by round: A B C, A B C, A B C.

import { calibrateBurn } from './calibrate.js';
import { CommandLine, showProgress, writeResults } from './command-line.js';
import { contenders } from './contenders/index.js';
import { describeMachine } from './describe-machine.js';
import { judgeGoals } from './goals.js';
import { renderGoals, renderWorkload } from './report.js';
import { killRunningCells, runCell } from './run-cell.js';
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

const commandLine = new CommandLine(usage);
const options = commandLine.read(
  {
    processes: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    core: { type: 'string' },
    longest: { type: 'string', default: '1' },
    bound: { type: 'string', default: '60' },
    'stream-items': { type: 'string', default: '5000000' },
    json: { type: 'string' },
  },
  ['processes', 'rounds', 'longest', 'bound', 'stream-items'],
);
const machine = await describeMachine(contenders);
console.log(machine.lines.join('\n'));

const iterationsPerMicrosecond = await calibrateBurn();
const selected = commandLine.select(options.only, { workloads, contenders });
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
if (options.json) {
  const { processes, rounds } = options;
  writeResults(options.json, { startedAt, processes, rounds, machine: machine.facts }, tables);
}

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
    streamItems: options['stream-items'],
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
