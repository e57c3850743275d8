/**
 * How many tasks a second come through hosts, against plain BullMQ with one job a task, in the same run.
 *
 *     node benchmarks/distributed.js [--seconds 4] [--rounds 3]
 *
 * Every host has one process. Plain BullMQ runs the same functions in as many processes, each with as many slots (16).
 * Tiny tasks return at once; the others wait (1 ms, 10 ms): ideal is what the slots of the hosts allow.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Queue } from 'bullmq';
import { DistributedPool } from '../dist/lib/distributed/index.js';
import { work } from './tasks/distributed.js';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '3' } },
});
const rounds = Number(values.rounds);
const time = Number(values.seconds) * 1000;
const SLOTS = 16;
const PORT = 7391;
const url = `redis://127.0.0.1:${PORT}`;
const root = fileURLToPath(new URL('../', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-bench-'));
const redis = spawn('redis-server', ['--port', String(PORT), '--save', '', '--dir', folder], { stdio: 'ignore' });
await new Promise((resolve) => setTimeout(resolve, 1000));

const results = [];
for (const milliseconds of [0, 1, 10]) {
  for (const hosts of [1, 2]) {
    const runs = [];
    for (let round = 0; round < rounds; round++) {
      runs.push({ ours: await measureOurs(milliseconds, hosts), plain: await measurePlain(milliseconds, hosts) });
    }
    const median = (pick) => runs.map(pick).sort((a, b) => a - b)[Math.floor(rounds / 2)];
    const ours = median((run) => run.ours);
    const plain = median((run) => run.plain);
    const ideal = milliseconds === 0 ? undefined : (hosts * SLOTS * 1000) / milliseconds;
    results.push({ milliseconds, hosts, ours, plain, ratio: ours / plain, ideal, ofIdeal: ideal && ours / ideal });
    console.log(
      `${milliseconds} ms, ${hosts} hosts: ${Math.round(ours)}/s, plain ${Math.round(plain)}/s, ` +
        `${(ours / plain).toFixed(1)} x${ideal === undefined ? '' : `, ${(ours / ideal).toFixed(2)} of ideal`}`,
    );
  }
}
redis.kill('SIGKILL');
rmSync(folder, { recursive: true, force: true });
process.exit();

/** Tasks a second, once it has warmed up. */
async function measureOurs(milliseconds, hosts) {
  const queue = `ours-${milliseconds}-${hosts}`;
  const module = join(root, 'benchmarks/tasks/distributed.js');
  const command = ['dist/bin/aiomultiprocess.js', 'host', '-q', queue, '--connection', url, '-p', '1', module];
  const children = await startAll(hosts, command, ' runs tasks of the queue ');
  const pool = new DistributedPool({ queue, connection: url, root });
  await pool.map(work, Array(5000).fill(milliseconds));
  let done = 0;
  let stop = false;
  function* items() {
    while (!stop) yield milliseconds;
  }
  const started = performance.now();
  setTimeout(() => {
    stop = true;
  }, time);
  for await (const _ of pool.map(work, items()).unordered()) done++;
  const rate = (done * 1000) / (performance.now() - started);
  pool.close();
  await pool.join();
  await endAll(children);
  return rate;
}

async function measurePlain(milliseconds, hosts) {
  const name = `plain-${milliseconds}-${hosts}`;
  const children = await startAll(hosts, ['benchmarks/tasks/bullmq-worker.js', name, url, String(SLOTS)], 'ready');
  const connection = { url };
  const queue = new Queue(name, { connection });
  const opts = { removeOnComplete: true };
  const started = performance.now();
  let sent = 0;
  // Asking for the results as well would cost more.
  const left = () => queue.getJobCountByTypes('wait', 'active');
  while (performance.now() - started < time) {
    if ((await left()) > 2000) continue;
    const jobs = Array.from({ length: 1000 }, () => ({ name: 'work', data: milliseconds, opts }));
    sent += jobs.length;
    await queue.addBulk(jobs);
  }
  while ((await left()) > 0);
  const rate = (sent * 1000) / (performance.now() - started);
  await queue.close();
  await endAll(children);
  return rate;
}

async function startAll(count, args, sign) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
      await new Promise((resolve) => {
        for (const stream of [child.stdout, child.stderr]) {
          createInterface({ input: stream }).on('line', (line) => line.includes(sign) && resolve());
        }
      });
      return child;
    }),
  );
}

async function endAll(children) {
  await Promise.all(
    children.map(async (child) => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    }),
  );
}
