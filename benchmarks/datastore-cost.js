/**
 * Measures what a chunk costs Redis, the way back included: CPU time by `INFO cpu`, and commands by `INFO commandstats`. Every
 * chunk has one task, which returns at once.
 *
 *     node benchmarks/datastore-cost.js [--chunks 2000] [--rate 20] [--hosts 1] [--nodes 3] [--commands]
 *
 * Without `--rate` (chunks per second) the chunks are sent together. With `--nodes`, the queue is spread over the nodes of a
 * Redis Cluster, and the share of each is printed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { DistributedPool } from '../dist/lib/distributed/index.js';
import { work } from './tasks/distributed.js';

const { values } = parseArgs({
  options: {
    chunks: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '0' },
    hosts: { type: 'string', default: '1' },
    nodes: { type: 'string', default: '0' },
    commands: { type: 'boolean', default: false },
  },
});
const [chunks, rate, hosts, nodes] = [values.chunks, values.rate, values.hosts, values.nodes].map(Number);
const root = fileURLToPath(new URL('../', import.meta.url));
/** The number of hash slots of a Redis Cluster. */
const SLOTS = 16_384;

const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-bench-'));
const servers = await Promise.all(Array.from({ length: nodes || 1 }, (_, index) => startRedis(index)));
if (nodes > 0) await formCluster();
const url = `redis://127.0.0.1:${servers[0].port}`;
const processes = await Promise.all(Array.from({ length: hosts }, startHost));
const pool = new DistributedPool({
  queue: 'cost',
  connection: url,
  root,
  chunkSize: 1,
  ...(nodes && { shards: nodes }),
});
await send(Math.min(chunks, 500), 0);
await Promise.all(servers.map(({ client }) => client.config('RESETSTAT')));
const before = await Promise.all(servers.map(readCpu));
const started = performance.now();
await send(chunks, rate);
const seconds = (performance.now() - started) / 1000;
const used = (await Promise.all(servers.map(readCpu))).map((cpu, index) => cpu - before[index]);
const total = used.reduce((sum, cpu) => sum + cpu, 0);
console.log(`${Math.round(chunks / seconds)} chunks/s, each ${(total / chunks).toFixed(3)} ms of Redis`);
if (nodes > 0) console.log(`share of each node: ${used.map((cpu) => (cpu / total).toFixed(2)).join(', ')}`);
if (values.commands) for (const { client } of servers) await printCommands(client);

pool.close();
await pool.join();
for (const { client } of servers) client.disconnect();
for (const child of [...processes, ...servers.map(({ child }) => child)]) child.kill('SIGKILL');
rmSync(folder, { recursive: true, force: true });
process.exit();

async function send(count, perSecond) {
  if (perSecond === 0) return pool.map(work, Array(count).fill(0));
  const calls = [];
  for (let sent = 0; sent < count; sent++) {
    calls.push(pool.apply(work, [0]));
    await sleep(1000 / perSecond);
  }
  return Promise.all(calls);
}

async function startRedis(index) {
  const [port, busPort] = [await findFreePort(), await findFreePort()];
  const cluster = [
    '--cluster-enabled',
    'yes',
    '--cluster-port',
    busPort,
    '--cluster-config-file',
    `node-${index}.conf`,
  ];
  const args = ['--port', port, '--save', '', '--dir', folder, ...(nodes > 0 ? cluster : [])];
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  const client = new Redis(port);
  client.on('error', () => {});
  await client.ping();
  return { port, busPort, child, client };
}

async function formCluster() {
  for (const [index, { client }] of servers.entries()) {
    const [from, to] = [index, index + 1].map((part) => Math.ceil((part * SLOTS) / nodes));
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
    if (index > 0) await client.call('CLUSTER', 'MEET', '127.0.0.1', servers[0].port, servers[0].busPort);
  }
  const isFormed = async ({ client }) => {
    const info = await client.cluster('INFO');
    return info.includes('cluster_state:ok') && info.includes(`known_nodes:${nodes}`);
  };
  while (!(await Promise.all(servers.map(isFormed))).every(Boolean)) await sleep(50);
}

async function findFreePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when the host takes tasks. */
async function startHost() {
  const shards = nodes > 0 ? ['--shards', nodes] : [];
  const args = ['dist/bin/aiomultiprocess.js', 'host', '-q', 'cost', '--connection', url, ...shards, '-p', '1'];
  const child = spawn(process.execPath, [...args, 'benchmarks/tasks/distributed.js'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => line.includes(' runs tasks of ') && resolve());
  });
  return child;
}

/** In milliseconds. */
async function readCpu({ client }) {
  const info = await client.info('cpu');
  const seconds = (name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)[1]);
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1000;
}

async function printCommands(client) {
  const info = await client.info('commandstats');
  for (const [, name, calls, time] of info.matchAll(/^cmdstat_(\S+):calls=(\d+),usec=(\d+)/gm)) {
    if (calls / chunks < 0.05) continue;
    console.log(`  ${name.padEnd(16)} ${(calls / chunks).toFixed(2)} calls, ${(time / chunks).toFixed(1)} µs a chunk`);
  }
}
