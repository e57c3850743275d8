import { timeRate } from '../measure.js';

/** @type {import('./index.js').Workload} */
export default {
  name: 'tiny-map',
  title: 'tiny map items',
  task: 'increment',
  count: 200_000,
  floors: ['floor: batches'],
  metrics: { rate: { label: 'tasks/s', better: 'more' } },

  sample(pool, count) {
    const items = Array.from({ length: count }, (_, i) => i);
    return timeRate(
      count,
      () => (pool.map ? pool.map(items) : Promise.all(items.map((item) => pool.call([item])))),
      (results) => results.length === count && results[count - 1] === count,
    );
  },
};
