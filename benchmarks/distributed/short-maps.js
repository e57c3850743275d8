/** Measures how much of the ideal a map reaches that takes a sixth of a second on four hosts. */
import { DistributedPool } from '../../dist/lib/distributed/index.js';
import { work } from '../tasks/distributed.js';
import { endAll, root, SLOTS, startHosts } from './programs.js';

const TASKS = 1000;
const MILLISECONDS = 10;
const MAPS = 15;
/** Maps before those that count: V8 compiles the code of the hosts meanwhile. */
const WARM_UP = 25;

/** The first map of a connected pool, and the median of those after the warm-up. */
export async function measureShortMaps(name, datastore, hosts) {
  const queue = `short-${hosts}`;
  const children = await startHosts(hosts, queue, datastore.url);
  const pool = new DistributedPool({ queue, connection: datastore.url, root });
  await pool.ready();
  const ideal = (TASKS * MILLISECONDS) / (SLOTS * hosts);
  const parts = [];
  for (let map = 0; map < WARM_UP + MAPS; map++) {
    const started = performance.now();
    await pool.map(work, Array(TASKS).fill(MILLISECONDS));
    parts.push(ideal / (performance.now() - started));
  }
  pool.close();
  await pool.join();
  await endAll(children);
  const [first] = parts;
  const others = parts.slice(WARM_UP);
  others.sort((a, b) => a - b);
  console.log(
    `${TASKS} tasks of ${MILLISECONDS} ms, ${hosts} hosts, ${name}: first ${first.toFixed(2)} of ideal, ` +
      `then ${others[Math.floor(others.length / 2)].toFixed(2)} (${others[0].toFixed(2)} to ${others.at(-1).toFixed(2)})`,
  );
}
