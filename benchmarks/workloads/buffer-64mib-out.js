import { timeRate } from '../measure.js';

const SIZE = 64 * 1024 * 1024;

/** @type {import('./index.js').Workload} */
export default {
  name: 'buffer-64mib-out',
  title: 'buffers of 64 MiB out, one at a time',
  about: '64 MiB from the pool, one after the other',
  task: 'makeBytes',
  size: SIZE,
  count: 4,
  floors: ['floor: raw pipe'],
  metrics: { rate: { label: 'MiB/s', better: 'more' } },
  goals: [
    {
      metric: 'rate',
      atLeast: 1.3,
      times: 'piscina',
      whyMissed:
        'fresh memory is the bottleneck for both: filling the pages of the result takes longer than copying it',
    },
    { metric: 'rate', atLeast: 0.8, times: 'floor', whyMissed: 'as above' },
  ],

  sample: (pool, count) =>
    timeRate(
      count * 64,
      async () => {
        let last;
        for (let i = 0; i < count; i++) last = await pool.call([SIZE]);
        return last;
      },
      (bytes) => bytes.byteLength === SIZE && bytes[SIZE - 1] === 1,
    ),
};
