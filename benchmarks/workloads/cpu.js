import { compareWithBareLoops } from './bare-loops.js';

/**
 * Measures the fraction of the ideal. The ideal is measured with the same work.
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
  about: `a fixed amount of work in each task, about ${duration}; as a fraction of the rate of bare loops right before and after`,
  task: 'burn',
  count,
  // Several short samples: a burst of other work then affects one ratio, but not the median.
  samples: { least: 3 },
  floors: ['floor: bare loop'],
  metrics: { ideal: { label: 'part of ideal', better: 'more' } },
  goals: [
    {
      metric: 'ideal',
      atLeast,
      whyMissed:
        'the caller shares the two cores with the children: each write of results wakes it, and it takes a core from one ' +
        'of them; and the 16 tasks that each child holds at the end are not redistributed when one child is slower',
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
