import { timeRate } from '../measure.js';

const SIZE = 64 * 1024 * 1024;
const buffer = Buffer.alloc(SIZE, 1);

/** @type {import('./index.js').Workload} */
export default {
  name: 'buffer-64mib-in',
  title: 'buffers of 64 MiB in, one at a time',
  about: '64 MiB to the pool, one after the other; the floor reads them into fresh memory too',
  task: 'countBytes',
  size: SIZE,
  count: 4,
  floors: ['floor: raw pipe'],
  metrics: { rate: { label: 'MiB/s', better: 'more' } },
  goals: [
    {
      metric: 'rate',
      atLeast: 2.5,
      times: 'piscina',
      whyMissed:
        'fresh memory is the bottleneck. With huge pages the pool reached three times piscina and twice the raw pipe; but ' +
        'this machine returns free huge pages to its host, and waits 5 ms to get each one back, so it uses small pages',
    },
    { metric: 'rate', atLeast: 0.8, times: 'floor', whyMissed: 'fresh memory is the bottleneck' },
  ],

  sample: (pool, count) =>
    timeRate(
      count * 64,
      async () => {
        let last;
        for (let i = 0; i < count; i++) last = await pool.call([buffer]);
        return last;
      },
      (length) => length === SIZE,
    ),
};
