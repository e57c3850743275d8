// Turns the numbers of one run into the charts of docs/charts and the tables of docs/performance.md, so that no number is
// copied by hand.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { drawChart } from './draw-chart.js';
import { renderMachine, renderResults, renderWorkloads, replaceBlock } from './render-page.js';
import { resolveFromCaller } from './resolve-from-caller.js';

const [file] = process.argv.slice(2);
if (!file) {
  console.error('usage: npm run charts -- <file>\n\nThe file is what `npm run bench -- --json <file>` wrote.');
  process.exit(1);
}

const folder = new URL('../docs/charts/', import.meta.url);
const page = new URL('../docs/performance.md', import.meta.url);

const run = JSON.parse(readFileSync(resolveFromCaller(file), 'utf8'));
const charts = run.results.flatMap(listCharts);

// Removes all charts, including those of former workloads.
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const { name, result, metric } of charts) writeFileSync(new URL(`${name}.svg`, folder), drawChart(result, metric));

const text = readFileSync(page, 'utf8');
const blocks = { machine: renderMachine(run), results: renderResults(run), workloads: renderWorkloads(run, charts) };
writeFileSync(
  page,
  Object.entries(blocks).reduce((done, [name, block]) => replaceBlock(done, name, block), text),
);
console.log(`${charts.length} charts in docs/charts, and the tables in docs/performance.md`);

/** One chart for each metric that has something to compare with. */
function listCharts(result) {
  if (result.rows.length < 2) return [];
  const metrics = Object.keys(result.metrics);
  return metrics.map((metric) => ({
    name: metrics.length === 1 ? result.workload : `${result.workload}-${metric}`,
    result,
    metric,
  }));
}
