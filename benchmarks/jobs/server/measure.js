import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { findDescendants, whyUnreadable } from '../../read-processes.js';
import { quantile } from '../../statistics.js';
import { readPeakMemory } from '../measure.js';

const script = fileURLToPath(new URL('serve.js', import.meta.url));
const CONNECTIONS = 16;
/** Between two requests to /health, so that they are no load of their own. */
const PAUSE = 5;

/**
 * Puts a server under load. The load comes from this process, which is the same for all contenders.
 *
 * @param {{ contender: string, processes: number, module: string, seconds: number }} job
 * @param {unknown} item the argument of the task of each request
 */
export async function measureServer({ contender, processes, module, seconds }, item) {
  const { work } = await import(module);
  const expectBody = JSON.stringify(await work(item));
  const server = fork(script, [JSON.stringify({ contender, processes, module, item })]);
  const [port] = await Promise.race([once(server, 'message'), once(server, 'exit').then(failToStart)]);
  const url = `http://127.0.0.1:${port}`;

  await load(url, expectBody, seconds / 2);
  const stop = new AbortController();
  const health = watchHealth(url, stop.signal);
  const { latencies, rate } = await load(url, expectBody, seconds);
  stop.abort();
  if (latencies.length === 0) throw new Error(`no answer within ${seconds} s`);
  const healthLatencies = await health;
  const memory = whyUnreadable ? undefined : readPeakMemory(findDescendants());
  return {
    totals: expectBody,
    samples: [{ requests: latencies.length, healthRequests: healthLatencies.length }],
    values: { rate, p99: findP99(latencies), health: findP99(healthLatencies), memory },
  };
}

function failToStart([code, signal]) {
  throw new Error(`the server ended with ${signal ?? `code ${code}`} before it listened`);
}

async function load(url, expectBody, seconds) {
  const latencies = [];
  // A promise of autocannon's own would come too late for its events.
  const result = await new Promise((resolve, reject) => {
    const options = { url: `${url}/work`, connections: CONNECTIONS, duration: seconds, expectBody };
    const instance = autocannon(options, (error, done) => (error ? reject(error) : resolve(done)));
    instance.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds));
  });
  const { non2xx, mismatches, errors, timeouts, duration } = result;
  if (non2xx + mismatches + errors + timeouts > 0) {
    throw new Error(`${non2xx} failures, ${mismatches} wrong answers, ${errors} errors, ${timeouts} timeouts`);
  }
  return { latencies, rate: latencies.length / duration };
}

async function watchHealth(url, signal) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const latencies = [];
  while (!signal.aborted) {
    const start = performance.now();
    const [response] = await once(get(`${url}/health`, { agent }), 'response');
    await once(response.resume(), 'end');
    latencies.push(performance.now() - start);
    await setTimeout(PAUSE);
  }
  agent.destroy();
  return latencies;
}

function findP99(latencies) {
  return quantile(
    latencies.toSorted((one, other) => one - other),
    0.99,
  );
}
