/** Measures how much of the ideal rate hosts reach when the datastore is far away. */
import { DistributedPool } from '../../dist/lib/distributed/index.js';
import { work } from '../tasks/distributed.js';
import { endAll, root, SLOTS, startHosts, startProxy } from './programs.js';

const CASES = [
  { milliseconds: 10, roundTrip: 50 },
  { milliseconds: 1000, roundTrip: 400 },
];
/** The rate counts from this time after the first call on. */
const START = 3000;
/** How long it is measured then: the results of tasks of one second arrive in waves of one second. */
const DURATION = 8000;

/** Callers and hosts use the datastore through a proxy. The pool is connected; nothing has run before. */
export async function measureLatency(datastore, hosts, rounds) {
  for (const { milliseconds, roundTrip } of CASES) {
    const parts = [];
    for (let round = 0; round < rounds; round++) {
      const proxy = await startProxy(datastore, roundTrip);
      parts.push(await measureRound(proxy.url, hosts, milliseconds, `far-${milliseconds}-${hosts}-${round}`));
      proxy.stop();
    }
    parts.sort((a, b) => a - b);
    console.log(
      `${milliseconds} ms, round trip ${roundTrip} ms, ${hosts} hosts: ` +
        `${parts[Math.floor(rounds / 2)].toFixed(2)} of ideal (${parts.map((part) => part.toFixed(2)).join(', ')})`,
    );
  }
}

async function measureRound(url, hosts, milliseconds, queue) {
  const children = await startHosts(hosts, queue, url);
  const pool = new DistributedPool({ queue, connection: url, root });
  await pool.ready();
  const started = performance.now();
  let counted = 0;
  function* items() {
    while (performance.now() - started < START + DURATION + 1000) yield milliseconds;
  }
  for await (const _ of pool.map(work, items()).unordered()) {
    const time = performance.now() - started;
    if (time >= START && time < START + DURATION) counted++;
  }
  pool.close();
  await pool.join();
  await endAll(children);
  return counted / ((hosts * SLOTS * DURATION) / milliseconds);
}
