import { findFirstCore } from '../find-first-core.js';
import { quantile } from '../statistics.js';

/** @type {import('./index.js').Workload} */
const roundTrip = {
  name: 'round-trip',
  title: 'sequential round trips',
  about: '5,000 calls, each started when the one before it is answered',
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
        'whether the other end of a pipe sits on an idle core makes three times the difference, for seconds, to the pool ' +
        'and to the raw pipe alike: on one core, below, only the work of the pool is left',
    },
    {
      metric: 'p99',
      atMost: 3,
      times: 'p50',
      whyMissed:
        'the raw pipe has a tail of 2.4 times its own p50 on one core, and a longer one on two: the kernel waking an idle ' +
        'core. What the pool adds is the collector of short-lived objects',
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

// Waking a process on an idle core can cost more than everything else in a round trip, and whether the other
// end sits there is the kernel's mood: three times as long or not, for seconds. On one core only the pool's own
// work is left, so this is the table to compare pools by; the other one shows what a program may meet.
const onOneCore = {
  ...roundTrip,
  name: 'round-trip-pinned',
  title: 'sequential round trips, everything on one core',
  about: 'the same with all processes on one core',
  core: findFirstCore(),
};

export default [roundTrip, onOneCore];
