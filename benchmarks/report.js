import { compareRows, findFloor, findOurs, isCut, listValues, medianOf } from './compare.js';
import { formatRatio, formatTitle, formatValue } from './format.js';

/**
 * @param {import('./workloads/index.js').Workload} workload
 * @param {import('./compare.js').Row[]} rows
 */
export function renderWorkload(workload, rows) {
  return Object.keys(workload.metrics)
    .map((metric) => renderMetric(workload, rows, metric))
    .join('\n\n');
}

function renderMetric(workload, rows, metric) {
  const { label, better } = workload.metrics[metric];
  const heading = `${workload.name}: ${formatTitle(workload)} (${label}, ${better} is better)`;
  const cells = [['', 'median', 'min – max', 'of the floor', 'ours is']];
  const floor = findFloor(workload, rows);
  const ours = findOurs(rows);
  for (const row of rows) {
    const values = listValues(row, metric);
    if (values.length === 0) {
      cells.push([row.contender.name, row.reason ?? 'no values']);
      continue;
    }
    const cut = isCut(row, workload) ? ' *' : '';
    cells.push([
      row.contender.name,
      formatValue(medianOf(row, metric)) + cut,
      `${formatValue(Math.min(...values))} – ${formatValue(Math.max(...values))}`,
      formatRatio(compareRows(row, floor, metric, better)),
      row === ours ? '' : formatRatio(compareRows(ours, row, metric, better), ' ×'),
      row.reason ? `(then: ${row.reason})` : '',
    ]);
  }
  return [heading, ...alignColumns(cells)].join('\n');
}

/**
 * @param {{ workload: import('./workloads/index.js').Workload, goals: ReturnType<import('./goals.js').judgeGoals> }[]} tables
 */
export function renderGoals(tables) {
  const cells = [['goals', 'ours', 'against', 'measured', 'goal', '']];
  for (const { workload, goals } of tables) {
    for (const { metric, value, rival, measuredText, goal, verdict, reason } of goals) {
      cells.push([
        Object.keys(workload.metrics).length === 1 ? workload.name : `${workload.name} ${metric}`,
        formatValue(value),
        rival ? `${formatValue(rival.value)} (${rival.name})` : '',
        measuredText,
        goal,
        reason ? `${verdict}: ${reason}` : verdict,
      ]);
    }
  }
  return alignColumns(cells).join('\n');
}

/** Aligns the first column left and the others right. The last cell of a row may exceed its column. */
export function alignColumns(cells) {
  const full = cells.filter((row) => row.length > 2);
  const widths = full[0].map((_, i) => Math.max(...full.map((row) => (row[i] ?? '').length)));
  widths[0] = Math.max(...cells.map((row) => row[0].length));
  return cells.map((row) =>
    row
      .map((text, i) => {
        const isLast = i > 0 && i === row.length - 1 && (row.length === 2 || row.length === widths.length);
        if (isLast && !/^[\d–]/.test(text)) return text;
        return i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i] ?? 0);
      })
      .join('  ')
      .trimEnd(),
  );
}
