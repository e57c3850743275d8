import { timeRate } from '../measure.js';
import { createRecord } from './payloads.js';

/** @type {import('./index.js').Workload} */
export default {
  name: 'json-echo',
  title: 'echoes of a nested 2 KB record',
  about: '3,000 nested records of 2 KB, to the pool and back',
  task: 'echo',
  count: 3_000,
  batch: 64,
  floors: ['floor: batches'],
  metrics: { rate: { label: 'tasks/s', better: 'more' } },
  goals: [
    {
      metric: 'rate',
      atLeast: 3,
      times: 'piscina',
      whyMissed:
        'reading a record takes 4 µs and writing it 9 µs, on both sides; the floor, which does nothing else, does not ' +
        'reach three times piscina either',
    },
  ],

  sample(pool, count) {
    const records = Array.from({ length: count }, (_, i) => createRecord(i));
    return timeRate(
      count,
      () => Promise.all(records.map((record) => pool.call([record]))),
      (results) => JSON.stringify(results[count - 1]) === JSON.stringify(records[count - 1]),
    );
  },
};
