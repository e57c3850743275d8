import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../random.js';

const script = fileURLToPath(new URL('../tasks/http-server.js', import.meta.url));
/** Microseconds of work after each answer. */
const BURN = 50_000;

/** Where the server of this process listens. */
let port;

/** @type {import('./index.js').Workload} */
export default {
  name: 'article',
  title: 'tasks that wait, ask a server and compute',
  about:
    '30 tasks: a wait of 0.2 to 0.7 s (the same 30 for everybody), a request to an HTTP server in a process of its ' +
    'own, then about 50 ms of computing; the seconds until the last result',
  task: 'visit',
  count: 30,
  // The waits differ, so fewer of them would not compare.
  longest: 60,
  floors: [],
  metrics: { seconds: { label: 'seconds', better: 'less' } },
  goals: [
    {
      metric: 'seconds',
      atMost: 1,
      times: 'peers',
      whyMissed:
        'all that run several tasks at a time need what the longest wait and the computing take, and differ by less ' +
        'than their rounds do: the best of six is always a little better',
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
