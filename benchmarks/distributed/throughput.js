/** Measures the tasks per second through hosts against plain BullMQ with one job a task, in the same run. */
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { DistributedPool } from '../../dist/lib/distributed/index.js';
import { work } from '../tasks/distributed.js';
import { endAll, root, SLOTS, startAll, startHosts } from './programs.js';

let url;
let client;

/**
 * Plain BullMQ runs the same functions in as many processes as there are hosts, each with as many slots.
 *
 * @param options - `rounds`; `time` of one measurement, in milliseconds; `chunkSize`.
 */
export async function measureThroughput(redis, options) {
  url = redis.url;
  client = new Redis(url);
  for (const milliseconds of [0, 1, 10]) {
    for (const hosts of [1, 2]) await compare(milliseconds, hosts, options);
  }
  client.disconnect();
}

async function compare(milliseconds, hosts, { rounds, time, chunkSize }) {
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    runs.push({
      ours: await measureOurs(milliseconds, hosts, time, chunkSize),
      plain: await measurePlain(milliseconds, hosts, time),
    });
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

/** Tasks and chunks per second after the warm-up, and the CPU time of Redis for a chunk, in milliseconds. */
async function measureOurs(milliseconds, hosts, time, chunkSize) {
  const queue = `ours-${milliseconds}-${hosts}`;
  const children = await startHosts(hosts, queue, url);
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

async function measurePlain(milliseconds, hosts, time) {
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
