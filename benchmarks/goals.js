// Evaluates the goals, which the workloads state. A goal is a value, or a quotient of values of the same run: numbers from
// another machine, or from another hour, prove nothing.

import { compareByRound, findOurs, medianOf, rivals } from './compare.js';
import { formatValue, roundRatio } from './format.js';

/**
 * Has one of `atLeast`, `atMost` and `below` as its limit. The limit applies to the value itself, to its quotient with a rival or
 * another metric of ours (`times`), to the inverse quotient (`faster`), or to its difference from a rival (`above`).
 *
 * @typedef {object} Goal
 * @property {string} metric
 * @property {number} [atLeast]
 * @property {number} [atMost]
 * @property {number} [below]
 * @property {keyof typeof rivals | string} [times]
 * @property {keyof typeof rivals} [faster] for times: how many times as fast as the rival
 * @property {keyof typeof rivals} [above]
 * @property {string} [unit] unless the goal is a quotient
 * @property {string} [whyMissed] the reason that profiling found, shown while the goal is missed
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
    const rival = rivals[goal.times ?? goal.faster ?? goal.above]?.find(workload, rows, metric);
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

function measureGoal({ metric, times, faster, above }, ours, rival) {
  if (faster) return compareByRound(ours, rival, (values, others) => others[metric] / values[metric]);
  if (above) return compareByRound(ours, rival, (values, others) => values[metric] - others[metric]);
  if (!times) return medianOf(ours, metric);
  if (times in rivals) return compareByRound(ours, rival, (values, others) => values[metric] / others[metric]);
  return compareByRound(ours, ours, (values) => values[metric] / values[times]);
}

/** Compares the rounded value, so that a table never shows "1.00, at most 1, missed". */
function isWithin({ atLeast, atMost, below }, measured) {
  const value = roundRatio(measured);
  if (atLeast !== undefined) return value >= atLeast;
  return atMost !== undefined ? value <= atMost : value < below;
}

function describeGoal({ atLeast, atMost, below, times, faster, above, unit }) {
  const [sign, limit] = atLeast !== undefined ? ['≥', atLeast] : atMost !== undefined ? ['≤', atMost] : ['<', below];
  if (above) return `${sign} ${rivals[above].title} + ${limit} ${unit}`;
  if (faster) return `${sign} ${limit} × as fast as ${rivals[faster].title}`;
  if (times) return `${sign} ${limit} × ${rivals[times]?.title ?? times}`;
  return unit ? `${sign} ${limit} ${unit}` : `${sign} ${limit}`;
}

function formatMeasured({ times, faster, above, unit }, measured) {
  if (times || faster) return `${formatValue(roundRatio(measured))} ×`;
  const sign = above && measured >= 0 ? '+' : '';
  return `${sign}${formatValue(roundRatio(measured))}${unit ? ` ${unit}` : ''}`;
}
