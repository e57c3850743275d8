/**
 * Measures the tasks per second through hosts against plain BullMQ with one job a task, in the same run.
 *
 *     node benchmarks/distributed.js [--seconds 4] [--rounds 3] [--chunk-size 1]
 *
 * Every host has one process. Plain BullMQ runs the same functions in as many processes, each with as many slots (16).
 * Tiny tasks return at once; the others wait (1 ms, 10 ms), where the ideal is the rate that the slots of the hosts allow. It
 * also prints the chunks per second, and the CPU time of Redis for each chunk, according to `INFO cpu`.
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
import { Redis } from 'ioredis';
import { DistributedPool } from '../dist/lib/distributed/index.js';
import { work } from './tasks/distributed.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    'chunk-size': { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const chunkSize = values['chunk-size'] && Number(values['chunk-size']);
const time = Number(values.seconds) * 1000;
const SLOTS = 16;
const PORT = 7391;
const url = `redis://127.0.0.1:${PORT}`;
const root = fileURLToPath(new URL('../', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-bench-'));
const redis = spawn('redis-server', ['--port', String(PORT), '--save', '', '--dir', folder], { stdio: 'ignore' });
await new Promise((resolve) => setTimeout(resolve, 1000));
const client = new Redis(url);

for (const milliseconds of [0, 1, 10]) {
  for (const hosts of [1, 2]) {
    const runs = [];
    for (let round = 0; round < rounds; round++) {
      runs.push({ ours: await measureOurs(milliseconds, hosts), plain: await measurePlain(milliseconds, hosts) });
    }
    const median = (pick) => runs.map(pick).sort((a, b) => a - b)[Math.floor(rounds / 2)];
    const ours = median((run) => run.ours.rate);
    const chunks = median((run) => run.ours.chunks);
    const cpu = median((run) => run.ours.cpu);
    const plain = median((run) => run.plain);
    const ideal = milliseconds === 0 ? undefined : (hosts * SLOTS * 1000) / milliseconds;
    console.log(
      `${milliseconds} ms, ${hosts} hosts: ${Math.round(ours)}/s, plain ${Math.round(plain)}/s, ` +
        `${(ours / plain).toFixed(1)} x${ideal === undefined ? '' : `, ${(ours / ideal).toFixed(2)} of ideal`}; ` +
        `${Math.round(chunks)} chunks/s, each ${cpu.toFixed(2)} ms of Redis`,
    );
  }
}
client.disconnect();
redis.kill('SIGKILL');
rmSync(folder, { recursive: true, force: true });
process.exit();

/** Tasks and chunks per second after the warm-up, and the CPU time of Redis for a chunk, in milliseconds. */
async function measureOurs(milliseconds, hosts) {
  const queue = `ours-${milliseconds}-${hosts}`;
  const module = join(root, 'benchmarks/tasks/distributed.js');
  const command = [
    'dist/bin/aiomultiprocess.js',
    'host',
    '-q',
    queue,
    '--connection',
    url,
    '-p',
    '1',
    '--port',
    '0',
    module,
  ];
  const children = await startAll(hosts, command, ' runs tasks of the queue ');
  const pool = new DistributedPool({ queue, connection: url, root, ...(chunkSize && { chunkSize }) });
  await pool.map(work, Array(5000).fill(milliseconds));
  const before = await readCosts(children);
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
  const elapsed = performance.now() - started;
  const after = await readCosts(children);
  const chunks = after.chunks - before.chunks;
  pool.close();
  await pool.join();
  await endAll(children);
  return {
    rate: (done * 1000) / elapsed,
    chunks: (chunks * 1000) / elapsed,
    cpu: (after.cpu - before.cpu) / chunks,
  };
}

/** The chunks that the hosts have done, and the CPU time of Redis in milliseconds. */
async function readCosts(hosts) {
  const stats = await Promise.all(hosts.map(async ({ sign }) => (await fetch(healthOf(sign))).json()));
  const info = await client.info('cpu');
  const seconds = (name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)[1]);
  return {
    chunks: stats.reduce((sum, { finishedChunks }) => sum + finishedChunks, 0),
    cpu: (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1000,
  };
}

/** @param sign - the line with which a host says that it has started. */
function healthOf(sign) {
  return `http://127.0.0.1:${/; port (\d+)$/.exec(sign)[1]}/healthz`;
}

async function measurePlain(milliseconds, hosts) {
  const name = `plain-${milliseconds}-${hosts}`;
  const children = await startAll(hosts, ['benchmarks/tasks/bullmq-worker.js', name, url, String(SLOTS)], 'ready');
  const connection = { url };
  const queue = new Queue(name, { connection });
  const opts = { removeOnComplete: true };
  const started = performance.now();
  let sent = 0;
  // Also requesting the results would cost more.
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

/** Starts processes, and waits until each has printed a line with `text`. */
async function startAll(count, args, text) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
      const sign = await new Promise((resolve) => {
        for (const stream of [child.stdout, child.stderr]) {
          createInterface({ input: stream }).on('line', (line) => line.includes(text) && resolve(line));
        }
      });
      return { child, sign };
    }),
  );
}

async function endAll(processes) {
  await Promise.all(
    processes.map(async ({ child }) => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    }),
  );
}
