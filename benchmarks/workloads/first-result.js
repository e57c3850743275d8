import { setTimeout } from 'node:timers/promises';
import { median } from '../statistics.js';

const POOLS = 9;
/** Lets the kernel clean up after the previous pool. */
const PAUSE = 100;

/** @type {import('./index.js').Workload} */
export default {
  name: 'first-result',
  title: 'from a new pool to its first result',
  about:
    'a new pool of 2 and one call, until its answer arrives; `cold` is the first pool of a program, `warm` the ' +
    'median of the next eight. The packages are loaded before. The floor is one `fork` and its first message',
  task: 'increment',
  floors: ['floor: bare fork'],
  metrics: { warm: { label: 'warm, ms', better: 'less' }, cold: { label: 'cold, ms', better: 'less' } },
  goals: [
    {
      metric: 'warm',
      atMost: 1.25,
      times: 'floor',
      whyMissed:
        'the floor starts one process and the pool two, which alone costs 1.15 to 1.6 times as much on two cores; ' +
        'the code of a child adds 7 ms, its pipe and first messages 5, and its first import() 4',
    },
    { metric: 'cold', atMost: 1.25, times: 'floor', whyMissed: 'as above, plus the inspector that finds the function' },
  ],

  async measure(open) {
    const samples = [];
    for (let i = 0; i < POOLS; i++) {
      const start = performance.now();
      const pool = await open({ ready: false });
      const answer = await pool.call([1]);
      samples.push(performance.now() - start);
      if (answer !== 2) throw new Error('the results are wrong');
      await pool.close();
      await setTimeout(PAUSE);
    }
    const [cold, ...warm] = samples;
    return { samples, values: { cold, warm: median(warm) } };
  },
};
