// What the pool wants to reach, beside the workload that shows it. A goal is a value, or a quotient of values of
// the same run: numbers of another machine, or of another hour, prove nothing.

import { compareByRound, findOurs, medianOf, rivals } from './compare.js';
import { formatValue, roundRatio } from './format.js';

/**
 * One of `atLeast`, `atMost` and `below`. What is compared with it: the value itself, or how many `times` that of a
 * rival or of another metric of ours, or by how much it is `above` a rival's.
 *
 * @typedef {object} Goal
 * @property {string} metric
 * @property {number} [atLeast]
 * @property {number} [atMost]
 * @property {number} [below]
 * @property {keyof typeof rivals | string} [times]
 * @property {keyof typeof rivals} [above]
 * @property {string} [unit] of a goal that is no quotient
 * @property {string} [whyMissed] what profiling found, for as long as it is missed
 */

/**
 * @param {import('./workloads/index.js').Workload} workload
 * @param {import('./compare.js').Row[]} rows
 */
export function judgeGoals(workload, rows) {
  const ours = findOurs(rows);
  if (!ours) return [];
  return workload.goals.map((goal) => {
    const { metric } = goal;
    const rival = rivals[goal.times ?? goal.above]?.find(workload, rows, metric);
    const measured = measureGoal(goal, ours, rival);
    const isMet = measured === undefined ? undefined : isWithin(goal, measured);
    return {
      metric,
      label: workload.metrics[metric].label,
      value: medianOf(ours, metric),
      rival: rival && { name: rival.contender.name, value: medianOf(rival, metric) },
      measured,
      measuredText: measured === undefined ? '–' : formatMeasured(goal, measured),
      goal: describeGoal(goal),
      verdict: isMet === undefined ? 'not measured' : isMet ? 'met' : 'missed',
      reason: isMet ? undefined : (ours.reason ?? (isMet === false ? goal.whyMissed : undefined)),
    };
  });
}

function measureGoal({ metric, times, above }, ours, rival) {
  if (above) return compareByRound(ours, rival, (values, others) => values[metric] - others[metric]);
  if (!times) return medianOf(ours, metric);
  if (times in rivals) return compareByRound(ours, rival, (values, others) => values[metric] / others[metric]);
  return compareByRound(ours, ours, (values) => values[metric] / values[times]);
}

/** As it is printed: a table that says "1.00, at most 1, missed" helps nobody. */
function isWithin({ atLeast, atMost, below }, measured) {
  const value = roundRatio(measured);
  if (atLeast !== undefined) return value >= atLeast;
  return atMost !== undefined ? value <= atMost : value < below;
}

function describeGoal({ atLeast, atMost, below, times, above, unit }) {
  const [sign, limit] = atLeast !== undefined ? ['≥', atLeast] : atMost !== undefined ? ['≤', atMost] : ['<', below];
  if (above) return `${sign} ${rivals[above].title} + ${limit} ${unit}`;
  if (times) return `${sign} ${limit} × ${rivals[times]?.title ?? times}`;
  return unit ? `${sign} ${limit} ${unit}` : `${sign} ${limit}`;
}

function formatMeasured({ times, above, unit }, measured) {
  if (times) return `${formatValue(roundRatio(measured))} ×`;
  const sign = above && measured >= 0 ? '+' : '';
  return `${sign}${formatValue(roundRatio(measured))}${unit ? ` ${unit}` : ''}`;
}
