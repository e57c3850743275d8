import { timeRate } from '../measure.js';

const SIZE = 1024 * 1024;

/** @type {import('./index.js').Workload} */
export default {
  name: 'buffers-1mib',
  title: 'buffers of 1 MiB in, all in one go',
  about: '100 buffers of 1 MiB to the pool, all started at once',
  task: 'countBytes',
  size: SIZE,
  count: 100,
  floors: ['floor: raw pipe'],
  metrics: { rate: { label: 'MiB/s', better: 'more' } },
  goals: [
    {
      metric: 'rate',
      atLeast: 1,
      times: 'piscina',
      whyMissed:
        'a pipe copies twice, in pieces of about 200 KiB that wake both sides, while a thread copies once; the raw pipe ' +
        'reaches 0.6 to 1 of piscina. Half of the overhead of the pool is fresh memory, which it needs more of until the ' +
        'allocator starts to keep freed memory, and half is code that V8 has not compiled yet: after a few thousand ' +
        'buffers the pool reaches 0.7 to 0.8 of the raw pipe',
    },
  ],

  sample(pool, count) {
    const buffers = Array.from({ length: count }, () => Buffer.alloc(SIZE, 1));
    return timeRate(
      count,
      () => Promise.all(buffers.map((buffer) => pool.call([buffer]))),
      (results) => results.every((result) => result === SIZE),
    );
  },
};
