import { compareWithBareLoops } from './bare-loops.js';

/**
 * How much of the ideal is reached. The ideal is measured, with the same work.
 *
 * @param {string} name
 * @param {string} duration
 * @param {number} microseconds
 * @param {number} count
 * @param {number} atLeast
 * @returns {import('./index.js').Workload}
 */
const burnFor = (name, duration, microseconds, count, atLeast) => ({
  name,
  title: `CPU tasks of ${duration}`,
  about: `a fixed amount of work in each task, about ${duration}; as a part of what bare loops reach right before and after`,
  task: 'burn',
  count,
  // Short samples and several: one burst of other work then spoils one ratio, not the median.
  samples: { least: 3 },
  floors: ['floor: bare loop'],
  metrics: { ideal: { label: 'part of ideal', better: 'more' } },
  goals: [
    {
      metric: 'ideal',
      atLeast,
      whyMissed:
        'the caller shares the two cores with the children: each write of results wakes it, and it takes a core from one ' +
        'of them; and the 16 tasks that each child has at the end are not spread again when one of them is slower',
    },
  ],

  async sample(pool, count, { iterationsPerMicrosecond, processes }) {
    const iterations = Math.round(microseconds * iterationsPerMicrosecond);
    return compareWithBareLoops([{ iterations, count }], processes, () =>
      pool.repeat
        ? pool.repeat([iterations], count)
        : Promise.all(Array.from({ length: count }, () => pool.call([iterations]))),
    );
  },
});

export default [burnFor('cpu-1ms', '1 ms', 1000, 200, 0.96), burnFor('cpu-100us', '100 µs', 100, 2000, 0.9)];
