import { timeRate } from '../measure.js';

/** The concurrency of a typical asynchronous program in each process; a single loop would wait for each round trip. */
const WIDTH = 64;

/**
 * @param {string} name
 * @param {string} title
 * @param {string} about
 * @param {'queuePairs' | 'lockCycles'} task
 * @param {number} width loops at a time in each process
 * @param {number} count
 * @param {import('../goals.js').Goal[]} goals
 * @returns {import('./index.js').Workload}
 */
const share = (name, title, about, task, width, count, goals) => ({
  name,
  title,
  about,
  task,
  count,
  width,
  // Three processes must warm up, and a sample is short.
  samples: { least: 9 },
  kinds: ['ours', 'manager'],
  floors: [],
  metrics: { rate: { label: 'per second', better: 'more' } },
  goals,

  async sample(pool, amount, { processes }) {
    const { queue, locks } = await pool.share(width);
    const each = Math.ceil(amount / processes / width) * width;
    const args = [task === 'queuePairs' ? queue : locks, each, width];
    const work = () => Promise.all(Array.from({ length: processes }, () => pool.call(args)));
    return timeRate(each * processes, work, (done) => done.every((number) => number === each));
  },
});

const goal = { metric: 'rate', atLeast: 10, times: 'manager' };
const pairs = 'items put into a shared queue, and one got for each';
const cycles = 'shared locks acquired and released';

export default [
  share(
    'manager-queue',
    pairs,
    `each process has ${WIDTH} loops that put a number into one queue of a manager and get one from it. Python's loops are ` +
      'threads, in the number with which Python is fastest',
    'queuePairs',
    WIDTH,
    100_000,
    [goal],
  ),
  share('manager-queue-single', pairs, 'the same with one loop in each process', 'queuePairs', 1, 10_000, []),
  share(
    'manager-lock',
    cycles,
    `each of the ${WIDTH} loops of a process shares a lock with one loop of the other process`,
    'lockCycles',
    WIDTH,
    50_000,
    [goal],
  ),
  share(
    'manager-lock-single',
    cycles,
    'the same with one loop in each process, and one lock',
    'lockCycles',
    1,
    10_000,
    [],
  ),
];
