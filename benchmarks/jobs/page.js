// Turns the numbers of one run into the tables of docs/real-jobs.md and README.md, so that no number is copied by hand.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareByRound, findOurs, medianOf, rivals } from '../compare.js';
import { formatRatio, formatValue } from '../format.js';
import { renderMachine, renderResults, replaceBlock } from '../render-page.js';
import { resolveFromCaller } from '../resolve-from-caller.js';

const [file, folder] = process.argv.slice(2);
if (!file) {
  console.error(
    'usage: node benchmarks/jobs/page.js <file> [folder]\n\n' +
      'The file is what `node benchmarks/jobs/run.js --json <file>` wrote. The pages are in the folder, by default this project.',
  );
  process.exit(1);
}

/** What a job that has no floor, or no peer, shows. */
const NOTHING = '–';

const run = JSON.parse(readFileSync(resolveFromCaller(file), 'utf8'));
const jobs = run.results.map(({ rows, floor, ...job }) => ({
  ...job,
  floors: [floor],
  // As the functions that compare rows know them.
  rows: rows.map(({ contender: name, kind, package: packageName, ...row }) => ({
    ...row,
    contender: { name, kind, package: packageName },
  })),
}));
const batches = jobs.filter(({ kind }) => kind === 'batch');
const servers = jobs.filter(({ kind }) => kind === 'server');

writeBlocks('docs/real-jobs.md', {
  machine: renderMachine(run),
  summary: [countFaster(), renderBatches(), renderServers()].join('\n\n'),
  results: renderResults(run),
  jobs: jobs.map(renderJob).join('\n\n'),
});
writeBlocks('README.md', { jobs: renderBatches() });

function writeBlocks(path, blocks) {
  const page = folder ? join(resolveFromCaller(folder), path) : new URL(`../../${path}`, import.meta.url);
  const text = readFileSync(page, 'utf8');
  writeFileSync(
    page,
    Object.entries(blocks).reduce((done, [name, block]) => replaceBlock(done, name, block), text),
  );
  console.log(`the tables in ${path}`);
}

function renderBatches() {
  const head = [
    'Job',
    'One process',
    'Cores it uses',
    'Ours, cold',
    'Ours, warm',
    'Times as fast',
    'Best peer',
    'Bare forks',
  ];
  return renderTable(
    head,
    batches.map((job) => {
      const alone = rivals.alone.find(job, job.rows);
      const ours = findOurs(job.rows);
      const faster = compareByRound(ours, alone, (values, others) => others.warm / values.warm);
      const cores = compareByRound(alone, alone, ({ warm, warmCpu }) => warmCpu / warm);
      const seconds = (row, metric = 'warm') => withUnit(medianIn(row, metric), ' s');
      return [
        job.title,
        seconds(alone),
        formatRatio(cores),
        seconds(ours, 'cold'),
        seconds(ours),
        formatRatio(faster, ' ×'),
        seconds(rivals.peers.find(job, job.rows, 'warm')),
        seconds(rivals.floor.find(job, job.rows)),
      ];
    }),
  );
}

/** In how many of the jobs the goal against one process is met: not every job leaves a second core to a pool. */
function countFaster() {
  const verdicts = jobs
    .filter(({ isExtra }) => !isExtra)
    .flatMap(({ goals }) => goals.filter(({ goal }) => goal.includes('1.7 ×')).map(({ verdict }) => verdict));
  const met = verdicts.filter((verdict) => verdict === 'met').length;
  return `${met} of ${verdicts.length} jobs are at least 1.7 times as fast as one process, when warm; the goal is 8 of 11.`;
}

function renderServers() {
  const head = ['Server', '', 'Requests/s', 'p99', 'p99 of /health'];
  const names = { alone: 'one process', peers: 'best peer', floor: 'bare forks' };
  return renderTable(
    head,
    servers.flatMap((job) => {
      const cellsOf = (find) => [
        withUnit(medianIn(find('rate'), 'rate'), ''),
        withUnit(medianIn(find('p99'), 'p99'), ' ms'),
        withUnit(medianIn(find('health'), 'health'), ' ms'),
      ];
      return [
        [job.title, 'ours', ...cellsOf(() => findOurs(job.rows))],
        // A peer may be the best in one column only: the goals compare with the best of each.
        ...Object.entries(names).map(([rival, name]) => [
          '',
          name,
          ...cellsOf((metric) => rivals[rival].find(job, job.rows, metric)),
        ]),
      ];
    }),
  );
}

function renderJob(job) {
  const metrics = Object.entries(job.metrics);
  const table = renderTable(
    ['', ...metrics.map(([, { label }]) => label)],
    job.rows.map((row) => [
      row.contender.name,
      ...metrics.map(([metric], index) =>
        row.reason ? (index === 0 ? row.reason : '') : withUnit(medianOf(row, metric), ''),
      ),
    ]),
  );
  return [`### ${job.workload}`, `${capitalize(job.title)}: ${job.about}.`, table].join('\n\n');
}

function renderTable(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function medianIn(row, metric) {
  return row && medianOf(row, metric);
}

function withUnit(value, unit) {
  return value === undefined ? NOTHING : `${formatValue(value)}${unit}`;
}

function capitalize(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}`;
}
