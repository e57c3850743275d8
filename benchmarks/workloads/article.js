import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../random.js';

const script = fileURLToPath(new URL('../tasks/http-server.js', import.meta.url));
/** Microseconds of work after each answer. */
const BURN = 50_000;

/** The port of the server. */
let port;

/** @type {import('./index.js').Workload} */
export default {
  name: 'article',
  title: 'tasks that wait, ask a server and compute',
  about:
    '30 tasks: a wait of 0.2 to 0.7 s (the same 30 waits for every contender), a request to an HTTP server in a process ' +
    'of its own, then about 50 ms of computing; the seconds until the last result',
  task: 'visit',
  count: 30,
  // The waits differ, so a smaller number of tasks would not be comparable.
  longest: 60,
  floors: [],
  metrics: { seconds: { label: 'seconds', better: 'less' } },
  goals: [
    {
      metric: 'seconds',
      atMost: 1,
      times: 'peers',
      whyMissed:
        'every pool that runs several tasks at a time takes as long as the longest wait and the computing, and the pools ' +
        'differ by less than their rounds: the best of six is always slightly better',
    },
  ],

  async sample(pool, count, { iterationsPerMicrosecond }) {
    port ??= (await once(fork(script), 'message'))[0];
    const random = createRandom(1);
    const visits = Array.from({ length: count }, () => ({
      milliseconds: 200 + Math.floor(random() * 500),
      url: `http://127.0.0.1:${port}/`,
      iterations: Math.round(BURN * iterationsPerMicrosecond),
    }));
    const start = performance.now();
    await Promise.all(visits.map((visit) => pool.call([visit])));
    return { seconds: (performance.now() - start) / 1000 };
  },
};
