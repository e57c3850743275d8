import { timeRate } from '../measure.js';

/** @type {import('./index.js').Workload} */
export default {
  name: 'tiny-apply',
  title: 'tiny apply calls, all in one go',
  about: '30,000 calls of an async `(a, b) => a + b`, all started at once, with one promise each',
  task: 'add',
  count: 30_000,
  floors: ['floor: batches'],
  metrics: { rate: { label: 'tasks/s', better: 'more' } },
  goals: [
    { metric: 'rate', atLeast: 8, times: 'piscina' },
    { metric: 'rate', atLeast: 20, times: 'processes' },
    {
      metric: 'rate',
      atLeast: 0.6,
      times: 'floor',
      whyMissed:
        'the pool runs four times as much code for a call as the floor, without a hot spot, and V8 is still optimising it ' +
        'after a second; and the garbage collector takes a third of the time, copying 600 bytes for each waiting call ' +
        'instead of 500',
    },
  ],

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
