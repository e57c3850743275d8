import { timeRate } from '../measure.js';

/** @type {import('./index.js').Workload} */
export default {
  name: 'tiny-apply',
  title: 'tiny apply calls, all in one go',
  task: 'add',
  count: 30_000,
  floors: ['floor: batches'],
  metrics: { rate: { label: 'tasks/s', better: 'more' } },

  sample: (pool, count) =>
    timeRate(
      count,
      () => {
        const calls = new Array(count);
        for (let i = 0; i < count; i++) calls[i] = pool.call([i, 1]);
        return Promise.all(calls);
      },
      (results) => results.length === count && results[count - 1] === count,
    ),
};
