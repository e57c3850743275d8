const WAIT = 50;
const CONCURRENCY = 16;

/** @type {import('./index.js').Workload} */
export default {
  name: 'waits',
  title: `waits of ${WAIT} ms, ${CONCURRENCY} at a time in each process`,
  about:
    '640 tasks that only wait for 50 ms, as a fraction of the optimum with 16 tasks in each process at any ' +
    'time; peers that run one task at a time cannot come close',
  task: 'wait',
  count: 640,
  concurrency: CONCURRENCY,
  longest: 2,
  floors: [],
  metrics: { ideal: { label: 'part of ideal', better: 'more' } },
  goals: [
    {
      metric: 'ideal',
      atLeast: 0.97,
      whyMissed:
        'all 16 waits of a process end at the same moment, twenty times, and each time the next 16 arrive a round trip ' +
        'later: for long tasks, a process holds at most one task more than it runs; and a timer of 50 ms takes 50.6',
    },
  ],

  async sample(pool, count, { processes }) {
    const start = performance.now();
    await Promise.all(Array.from({ length: count }, () => pool.call([WAIT])));
    const elapsed = performance.now() - start;
    return { ideal: (Math.ceil(count / (processes * CONCURRENCY)) * WAIT) / elapsed, elapsed };
  },
};
