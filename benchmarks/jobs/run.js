// Runs every contender on every real job, round by round: A B C, A B C, A B C.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { calibrateBurn } from '../calibrate.js';
import { CommandLine, showProgress, writeResults } from '../command-line.js';
import { describeMachine } from '../describe-machine.js';
import { judgeGoals } from '../goals.js';
import { renderGoals } from '../report.js';
import { killRunningCells, runCell } from '../run-cell.js';
import { contenders } from './contenders/index.js';
import { jobs } from './index.js';
import { renderJob } from './report.js';

const usage = `usage: node benchmarks/jobs/run.js [options]

  --only <names>    jobs or contenders to run, comma-separated; a part of a name selects all
                    matches, unless a name is equal to it
  --rounds <n>      rounds; a value is the median of its rounds (3)
  --processes <n>   processes, or threads, of every pool (2)
  --scale <part>    the part of the input, at most 1, and of the time of the servers (1)
  --bound <s>       seconds after which a cell is killed (180)
  --json <file>     write all raw samples to this file, from which jobs/page.js writes the pages

jobs: ${jobs.map(({ name }) => name).join(', ')}
contenders: ${contenders.map(({ name }) => name).join(', ')}`;

/** How long a server is under load, in seconds. */
const SERVER_FOR = 4;
/** Each of the connections gets some answers in this time. */
const SHORTEST = 2;
const cell = fileURLToPath(new URL('cell.js', import.meta.url));

// As in production; React is several times as slow without it.
process.env.NODE_ENV = 'production';

const commandLine = new CommandLine(usage);
const options = commandLine.read(
  {
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    processes: { type: 'string', default: '2' },
    scale: { type: 'string', default: '1' },
    bound: { type: 'string', default: '180' },
    json: { type: 'string' },
  },
  ['rounds', 'processes', 'bound'],
);
const scale = Number(options.scale);
if (!(scale > 0 && scale <= 1)) commandLine.fail('--scale takes a number above 0, at most 1');
const selected = commandLine.select(options.only, { jobs, contenders });
const machine = await describeMachine(
  contenders,
  selected.jobs.flatMap(({ libraries }) => libraries),
);
console.log(machine.lines.join('\n'));

const iterationsPerMicrosecond = await calibrateBurn();
const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-jobs-'));
const startedAt = new Date();
const tables = [];

// Also after an error of its own, such as a reader that has closed the pipe of its output.
process.once('exit', () => {
  killRunningCells();
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

for (const job of selected.jobs) tables.push(await runJob(job));
if (tables.some(({ goals }) => goals.length > 0)) console.log(`\n${renderGoals(tables)}`);
if (options.json) {
  const { processes, rounds } = options;
  writeResults(options.json, { startedAt, processes, rounds, machine: machine.facts }, tables);
}
if (tables.some(({ rows }) => rows.some(({ reason }) => reason))) process.exitCode = 1;

async function runJob(job) {
  showProgress(`${job.name}: preparing its input`);
  const input = join(folder, job.name);
  const rows = selected.contenders.map((contender) => ({ contender, reason: findMissing(job, contender), rounds: [] }));
  if (rows.some(({ reason }) => !reason)) {
    mkdirSync(input);
    const items = await job.prepare({ folder: input, scale, iterationsPerMicrosecond });
    writeFileSync(join(input, 'items.json'), JSON.stringify(items));
    if (job.kind === 'batch') job.count = items.length;
    for (let round = 1; round <= options.rounds; round++) {
      for (const row of rows) await measureCell(job, row, round, rows);
    }
    rmSync(input, { recursive: true });
  }
  showProgress('');
  console.log(`\n${renderJob(job, rows)}`);
  return { workload: job, rows, goals: judgeGoals(job, rows) };
}

async function measureCell(job, row, round, rows) {
  // A contender that hung or failed would do so again.
  if (row.reason) return;
  showProgress(`${job.name}, round ${round} of ${options.rounds}: ${row.contender.name}`);
  const description = {
    contender: row.contender.name,
    kind: job.kind,
    module: new URL(`tasks/${job.task}.js`, import.meta.url).href,
    items: join(folder, job.name, 'items.json'),
    processes: options.processes,
    seconds: Math.max(SHORTEST, SERVER_FOR * scale),
  };
  const result = await runCell(description, options.bound * 1000, cell);
  if (result.failure) row.reason = result.failure;
  else row.reason = findDifference(result, rows);
  if (!row.reason) row.rounds.push({ round, ...result });
}

/** All contenders must do the same work: their totals are equal. */
function findDifference({ totals }, rows) {
  const other = rows.find(({ rounds }) => rounds.length > 0);
  if (!other || other.rounds[0].totals === totals) return undefined;
  return `its totals ${totals} differ from those of ${other.contender.name}, ${other.rounds[0].totals}`;
}

/** A peer and the libraries of a job may not be installed: the pool itself can be measured without the peers. */
function findMissing({ libraries }, contender) {
  const packages = [...libraries, ...(contender.package ? [contender.package] : [])];
  const folders = ['../node_modules/', '../../node_modules/'];
  const missing = packages.filter((name) => !folders.some((path) => existsSync(new URL(path + name, import.meta.url))));
  return missing.length > 0 ? `needs ${missing.join(', ')}: run \`npm ci\` in benchmarks/` : undefined;
}
