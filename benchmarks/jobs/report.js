import { compareRows, findOurs, medianOf } from '../compare.js';
import { formatRatio, formatTitle, formatValue } from '../format.js';
import { alignColumns } from '../report.js';

/** One table for all metrics of a job: medians, and how many times better ours is in the first two. */
export function renderJob(job, rows) {
  const metrics = Object.entries(job.metrics);
  const cells = [['', ...metrics.map(([, { label }]) => label), ...listCompared(job).map((text) => `ours, ${text}`)]];
  for (const row of rows) {
    if (row.reason) {
      cells.push([row.contender.name, row.reason]);
      continue;
    }
    const values = metrics.map(([metric]) => formatValue(medianOf(row, metric)));
    cells.push([row.contender.name, ...values, ...compareWithOurs(job, rows, row)]);
  }
  return [`${job.name}: ${formatTitle(job)}`, ...alignColumns(cells)].join('\n');
}

function compareWithOurs(job, rows, row) {
  const ours = findOurs(rows);
  if (row === ours) return [];
  return listCompared(job).map((metric) =>
    formatRatio(compareRows(ours, row, metric, job.metrics[metric].better), ' ×'),
  );
}

const listCompared = ({ metrics }) => Object.keys(metrics).slice(0, 2);
