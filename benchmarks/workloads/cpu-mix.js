import { createRandom } from '../random.js';
import { quantile } from '../statistics.js';
import { compareWithBareLoops } from './bare-loops.js';

const SHORT = 50;
const LONG = 20_000;
/** One long task at a random position in each block of twenty. */
const BLOCK = 20;

/** @type {import('./index.js').Workload} */
export default {
  name: 'cpu-mix',
  title: 'CPU tasks, 5 % of 20 ms among 50 µs',
  about:
    '1,900 tasks of about 50 µs and, at random positions among them, 100 of about 20 ms, all started at once: the ' +
    'throughput as a fraction of that of bare loops, and how long the callers of the short tasks wait',
  task: 'burn',
  count: 2_000,
  // With fewer tasks, each would be answered sooner.
  longest: 60,
  floors: [],
  metrics: {
    ideal: { label: 'part of ideal', better: 'more' },
    shortP95: { label: 'p95 of the short ones in ms', better: 'less' },
  },
  goals: [
    {
      metric: 'ideal',
      atLeast: 0.96,
      whyMissed:
        'the caller shares the two cores with the children, as for tasks of 1 ms; and at the end one process may still ' +
        'run a long task while the other is idle, which is up to 2 % of the whole',
    },
    { metric: 'shortP95', atMost: 1, times: 'piscina' },
  ],

  async sample(pool, count, { iterationsPerMicrosecond, processes }) {
    const short = Math.round(SHORT * iterationsPerMicrosecond);
    const long = Math.round(LONG * iterationsPerMicrosecond);
    const tasks = mix(count, short, long);
    const longs = tasks.filter((iterations) => iterations === long).length;
    const parts = [
      { iterations: long, count: longs },
      { iterations: short, count: count - longs },
    ];
    const latencies = [];
    const compared = await compareWithBareLoops(parts, processes, () => {
      const start = performance.now();
      const call = async (iterations) => {
        await pool.call([iterations]);
        if (iterations === short) latencies.push(performance.now() - start);
      };
      return Promise.all(tasks.map(call));
    });
    return { ...compared, shortP95: quantile(Float64Array.from(latencies).sort(), 0.95) };
  },
};

function mix(count, short, long) {
  const random = createRandom(1);
  let place = 0;
  return Array.from({ length: count }, (_, i) => {
    if (i % BLOCK === 0) place = Math.floor(random() * BLOCK);
    return i % BLOCK === place ? long : short;
  });
}
