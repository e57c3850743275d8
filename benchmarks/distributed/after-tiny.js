/** Measures whether a function that was fast is still spread over all hosts when it becomes slow. */
import { DistributedPool } from '../../dist/lib/distributed/index.js';
import { work } from '../tasks/distributed.js';
import { endAll, root, SLOTS, startHosts } from './programs.js';

const HOSTS = 4;
const TINY = 100_000;
const CALLS = 256;
const MILLISECONDS = 500;

/** Three rounds of slow calls after many tiny ones. */
export async function measureAfterTiny(name, datastore) {
  const queue = 'after-tiny';
  const children = await startHosts(HOSTS, queue, datastore.url);
  const pool = new DistributedPool({ queue, connection: datastore.url, root });
  await pool.ready();
  await pool.map(work, Array(TINY).fill(0));
  const ideal = (CALLS / (SLOTS * HOSTS)) * MILLISECONDS;
  const parts = [];
  for (let round = 0; round < 3; round++) {
    const started = performance.now();
    await Promise.all(Array.from({ length: CALLS }, () => pool.apply(work, [MILLISECONDS])));
    parts.push(ideal / (performance.now() - started));
  }
  pool.close();
  await pool.join();
  await endAll(children);
  const rounds = parts.map((part) => part.toFixed(2)).join(', ');
  console.log(
    `${CALLS} calls of ${MILLISECONDS} ms after ${TINY} tiny ones, ${HOSTS} hosts, ${name}: ${rounds} of ideal`,
  );
}
