import { median } from './statistics.js';

/**
 * What all rounds of one contender on one workload came to.
 *
 * @typedef {object} Row
 * @property {import('./contenders/index.js').Contender} contender
 * @property {string} [reason] why there are no values
 * @property {{ round: number, count: number, values: Record<string, number> }[]} rounds
 */

/**
 * @param {import('./workloads/index.js').Workload} workload
 * @param {Row[]} rows
 */
export function renderWorkload(workload, rows) {
  return Object.keys(workload.metrics)
    .map((metric) => renderMetric(workload, rows, metric))
    .join('\n\n');
}

function renderMetric(workload, rows, metric) {
  const { label, better } = workload.metrics[metric];
  const heading = `${workload.name}: ${formatCount(workload.count)} ${workload.title} (${label}, ${better} is better)`;
  const cells = [['', 'median', 'min – max', 'of the floor', 'ours is']];
  const floor = findFloor(workload, rows);
  const ours = rows.find(({ contender }) => contender.kind === 'ours');
  for (const row of rows) {
    if (row.rounds.length === 0) {
      cells.push([row.contender.name, row.reason ?? 'no values']);
      continue;
    }
    const values = row.rounds.map((round) => round.values[metric]);
    const cut = row.rounds.some(({ count }) => count < workload.count) ? ' *' : '';
    cells.push([
      row.contender.name,
      formatValue(median(values)) + cut,
      `${formatValue(Math.min(...values))} – ${formatValue(Math.max(...values))}`,
      formatRatio(compareRows(row, floor, metric, better)),
      row === ours ? '' : formatRatio(compareRows(ours, row, metric, better), ' ×'),
      row.reason ? `(then: ${row.reason})` : '',
    ]);
  }
  return [heading, ...alignColumns(cells)].join('\n');
}

/**
 * The ratios that goals are stated in.
 *
 * @param {{ workload: import('./workloads/index.js').Workload, rows: Row[] }[]} tables
 */
export function renderSummary(tables) {
  const cells = [['ours against', "piscina's best", 'best process pool', 'the floor']];
  for (const { workload, rows } of tables) {
    for (const metric of Object.keys(workload.metrics)) {
      const ratios = summarise(workload, rows, metric);
      const name = Object.keys(workload.metrics).length === 1 ? workload.name : `${workload.name} ${metric}`;
      cells.push([name, formatPeer(ratios.piscina), formatPeer(ratios.processes), formatRatio(ratios.floor?.ratio)]);
    }
  }
  return alignColumns(cells).join('\n');
}

/** Ours over the best of each kind; more than 1 always means that ours is better. */
export function summarise(workload, rows, metric) {
  const { better } = workload.metrics[metric];
  const ours = rows.find(({ contender }) => contender.kind === 'ours');
  const over = (row) => row && { name: row.contender.name, ratio: compareRows(ours, row, metric, better) };
  const best = (candidates) => findBest(candidates, metric, better);
  return {
    piscina: over(best(rows.filter(({ contender }) => contender.package === 'piscina'))),
    processes: over(best(rows.filter(({ contender }) => contender.kind === 'processes'))),
    floor: over(findFloor(workload, rows)),
  };
}

function findFloor(workload, rows) {
  return rows.find(({ contender }) => contender.name === workload.floors[0]);
}

function findBest(rows, metric, better) {
  const score = (row) => median(row.rounds.map(({ values }) => values[metric])) * (better === 'more' ? 1 : -1);
  return rows.filter(({ rounds }) => rounds.length > 0).sort((a, b) => score(b) - score(a))[0];
}

// The machine drifts by more than the contenders differ, so ratios are taken within a round.
function compareRows(row, other, metric, better) {
  if (!row || !other) return undefined;
  const ratios = [];
  for (const { round, values } of row.rounds) {
    const same = other.rounds.find((candidate) => candidate.round === round);
    if (same)
      ratios.push(better === 'more' ? values[metric] / same.values[metric] : same.values[metric] / values[metric]);
  }
  return ratios.length > 0 ? median(ratios) : undefined;
}

function formatPeer(peer) {
  return peer?.ratio === undefined ? '–' : `${formatRatio(peer.ratio, ' ×')} (${peer.name})`;
}

function formatRatio(ratio, sign = '') {
  if (ratio === undefined) return '–';
  return `${ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2)}${sign}`;
}

function formatValue(value) {
  if (value >= 1000) return formatCount(Math.round(value));
  return value.toFixed(value >= 10 ? 1 : 3);
}

function formatCount(value) {
  return value.toLocaleString('en-US');
}

/** The first column to the left, the others to the right; a failure's reason may run over its column. */
function alignColumns(cells) {
  const full = cells.filter((row) => row.length > 2);
  const widths = full[0].map((_, i) => Math.max(...full.map((row) => (row[i] ?? '').length)));
  widths[0] = Math.max(...cells.map((row) => row[0].length));
  return cells.map((row) =>
    row
      .map((text, i) => (i === 0 || row.length === 2 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
