/**
 * Runs tasks in a distributed pool while its hosts are killed at random and its datastore is restarted, and checks that every
 * task has exactly one result.
 *
 *     node --import ./scripts/ts-node.js test/reliability/programs/hosts.mjs [--tasks 20000] [--hosts 2] [--every 1500]
 *         [--restarts 1] [--store redis]
 *
 * Prints a report, and exits with 1 if a guarantee is violated. With `--faults` it runs ./host-faults.mjs instead.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DistributedPool } from 'aiomultiprocess/distributed';
import { tripleAfter } from '../../fixtures/distributed/tasks.js';
import { HostProcess } from '../../support/hosts.ts';
import { startPostgres, startRedis } from '../../support/servers.ts';

if (process.argv.includes('--faults')) await import('./host-faults.mjs');

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '20000' },
    hosts: { type: 'string', default: '2' },
    every: { type: 'string', default: '1500' },
    restarts: { type: 'string', default: '1' },
    store: { type: 'string', default: 'redis' },
  },
});
const [tasks, hosts, every, restarts] = [values.tasks, values.hosts, values.every, values.restarts].map(Number);

const server = await (values.store === 'redis' ? startRedis() : startPostgres());
const started = performance.now();
/** @type {Set<HostProcess>} */
const running = new Set();
let killed = 0;
let restarted = 0;
let over = false;

/** Starts a host, and replaces it when it has exited. */
function startHost() {
  if (over) return;
  const host = new HostProcess('chaos', server.url, ['--max-stalled-count', '50']);
  running.add(host);
  host.exited.then(() => {
    running.delete(host);
    startHost();
  });
}

async function killAtRandom() {
  while (!over) {
    await sleep(every * (0.5 + Math.random()));
    const ready = [...running];
    const victim = ready[Math.floor(Math.random() * ready.length)];
    if (over || victim === undefined) continue;
    killed++;
    await victim.end('SIGKILL');
  }
}

for (let count = 0; count < hosts; count++) startHost();
const pool = new DistributedPool({ queue: 'chaos', connection: server.url, leaseDuration: 20_000 });
let done = 0;
const results = pool.starmap(
  tripleAfter,
  Array.from({ length: tasks }, (_, index) => [index, 5]),
);
const killing = killAtRandom();
/** @type {Map<number, number>} */
const seen = new Map();
for await (const { index, value } of results.unordered()) {
  assert.equal(value, index * 3);
  seen.set(index, (seen.get(index) ?? 0) + 1);
  done++;
  if (restarted < restarts && done > ((restarted + 1) * tasks) / (restarts + 1)) {
    restarted++;
    await server.kill();
    await sleep(500);
    await server.start();
  }
}
over = true;
await killing;
assert.equal(seen.size, tasks);
assert.ok([...seen.values()].every((count) => count === 1));
assert.equal(pool.stats().done, tasks);
pool.close();
await pool.join();
await Promise.all([...running].map((host) => host.end('SIGTERM')));
await server.remove();
console.log(JSON.stringify({ tasks, killed, restarted, seconds: Math.round((performance.now() - started) / 1000) }));
process.exit();
