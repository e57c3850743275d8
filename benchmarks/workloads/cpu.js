import floorLoop from '../contenders/floor-loop.js';
import { timeRate } from '../measure.js';

/** The same work in bare loops, open for as long as this process measures. */
let loop;

/**
 * How much of the ideal is reached. The ideal is measured, right after each sample and with the same work: on
 * a shared machine a core can be half as fast a minute later.
 *
 * @param {string} name
 * @param {string} duration
 * @param {number} microseconds
 * @param {number} count
 * @returns {import('./index.js').Workload}
 */
const burnFor = (name, duration, microseconds, count) => ({
  name,
  title: `CPU tasks of ${duration}`,
  task: 'burn',
  count,
  // Short samples and several: one burst of other work then spoils one ratio, not the median.
  samples: { least: 3 },
  floors: ['floor: bare loop'],
  metrics: { ideal: { label: 'part of ideal', better: 'more' } },

  async sample(pool, count, { iterationsPerMicrosecond, processes }) {
    loop ??= await floorLoop.open({ processes, task: 'burn' });
    const args = [Math.round(microseconds * iterationsPerMicrosecond)];
    const { rate } = await timeRate(count, () =>
      pool.repeat ? pool.repeat(args, count) : Promise.all(Array.from({ length: count }, () => pool.call(args))),
    );
    const { rate: idealRate } = await timeRate(count, () => loop.repeat(args, count));
    return { ideal: rate / idealRate, rate, idealRate };
  },
});

export default [burnFor('cpu-1ms', '1 ms', 1000, 200), burnFor('cpu-100us', '100 µs', 100, 2000)];
