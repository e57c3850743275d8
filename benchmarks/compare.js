import { median } from './statistics.js';

/**
 * The results of all rounds of one contender on one workload.
 *
 * @typedef {object} Row
 * @property {import('./contenders/index.js').Contender} contender
 * @property {string} [reason] why there are no values
 * @property {{ round: number, count: number, values: Record<string, number> }[]} rounds
 */

/** The value of each round that has one. */
export function listValues(row, metric) {
  return row.rounds.map(({ values }) => values[metric]).filter(Number.isFinite);
}

export function medianOf(row, metric) {
  const values = listValues(row, metric);
  return values.length > 0 ? median(values) : undefined;
}

/** Whether it ran fewer tasks than the workload has, because the full number would have taken too long. */
export function isCut(row, workload) {
  return row.rounds.some(({ count }) => count < workload.count);
}

/**
 * Compares within each round, because the machine drifts by more than the contenders differ.
 *
 * @param {Row | undefined} row
 * @param {Row | undefined} other
 * @param {(values: Record<string, number>, others: Record<string, number>) => number} compare
 */
export function compareByRound(row, other, compare) {
  if (!row || !other) return undefined;
  const results = [];
  for (const { round, values } of row.rounds) {
    const same = other.rounds.find((candidate) => candidate.round === round);
    if (same) results.push(compare(values, same.values));
  }
  const usable = results.filter(Number.isFinite);
  return usable.length > 0 ? median(usable) : undefined;
}

/** How many times better it is; below 1, it is worse. */
export function compareRows(row, other, metric, better) {
  return compareByRound(row, other, ({ [metric]: value }, { [metric]: theirs }) =>
    better === 'more' ? value / theirs : theirs / value,
  );
}

export function findOurs(rows) {
  return rows.find(({ contender }) => contender.kind === 'ours');
}

/** The rivals that goals refer to. */
export const rivals = {
  piscina: {
    title: "piscina's best",
    find: (workload, rows, metric) => findBest(workload, rows, metric, ({ package: name }) => name === 'piscina'),
  },
  processes: {
    title: 'the best process pool',
    find: (workload, rows, metric) => findBest(workload, rows, metric, ({ kind }) => kind === 'processes'),
  },
  peers: {
    title: 'the best peer',
    find: (workload, rows, metric) =>
      findBest(workload, rows, metric, ({ kind }) => !['ours', 'floor', 'alone'].includes(kind)),
  },
  manager: {
    title: "Python's Manager",
    find: (_workload, rows) => rows.find(({ contender }) => contender.name === "Python's Manager"),
  },
  alone: { title: 'one process', find: (_workload, rows) => rows.find(({ contender }) => contender.kind === 'alone') },
  floor: { title: 'the floor', find: (workload, rows) => findFloor(workload, rows) },
};

export function findFloor(workload, rows) {
  return rows.find(({ contender }) => contender.name === workload.floors[0]);
}

function findBest(workload, rows, metric, isCandidate) {
  const sign = workload.metrics[metric].better === 'more' ? 1 : -1;
  return rows
    .filter((row) => isCandidate(row.contender) && medianOf(row, metric) !== undefined)
    .sort((a, b) => sign * (medianOf(b, metric) - medianOf(a, metric)))[0];
}
