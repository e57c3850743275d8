import { findFirstCore } from '../find-first-core.js';
import { quantile } from '../statistics.js';

/** @type {import('./index.js').Workload} */
const roundTrip = {
  name: 'round-trip',
  title: 'sequential round trips',
  about: '5,000 calls, each started when the previous one is answered',
  task: 'increment',
  count: 5_000,
  samples: { most: 1 },
  floors: ['floor: raw pipe', 'floor: batches'],
  metrics: { p50: { label: 'p50 in µs', better: 'less' }, p99: { label: 'p99 in µs', better: 'less' } },
  goals: [
    {
      metric: 'p50',
      atMost: 1.4,
      times: 'floor',
      whyMissed:
        'whether the other end of a pipe runs on an idle core changes the time by a factor of three, for seconds, for the ' +
        'pool and the raw pipe alike: on one core, below, only the work of the pool remains',
    },
    {
      metric: 'p99',
      atMost: 3,
      times: 'p50',
      whyMissed:
        'the raw pipe has a tail of 2.4 times its own p50 on one core, and a longer one on two, where the kernel wakes an ' +
        'idle core. The pool adds the collection of short-lived objects',
    },
  ],

  async sample(pool, count) {
    const latencies = new Array(count);
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      await pool.call([i]);
      latencies[i] = (performance.now() - start) * 1000;
    }
    const sorted = Float64Array.from(latencies).sort();
    return {
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      raw: latencies.map((latency) => Math.round(latency * 10) / 10),
    };
  },
};

// Waking a process on an idle core can cost more than everything else in a round trip. The kernel decides whether the other end
// runs there, which makes the round trip up to three times as long, for seconds. On one core only the work of the pool remains:
// compare pools by this table; the other one shows what programs may experience.
const onOneCore = {
  ...roundTrip,
  name: 'round-trip-pinned',
  title: 'sequential round trips, everything on one core',
  about: 'the same with all processes on one core',
  core: findFirstCore(),
};

export default [roundTrip, onOneCore];
