import { Redis } from 'ioredis';
import { findFreePort, startRedis, type TestServer } from './servers.ts';
import { until } from './until.ts';

/** The number of hash slots of a Redis Cluster. */
const SLOTS = 16_384;

/** Starts a Redis Cluster of masters on this machine, each with an equal part of the slots. */
export async function startRedisCluster(count: number): Promise<TestServer[]> {
  const nodes = await Promise.all(Array.from({ length: count }, startNode));
  const clients = nodes.map(({ url }) => new Redis(url));
  const [first] = nodes;
  for (const [index, client] of clients.entries()) {
    const [from, to] = [index, index + 1].map((part) => Math.ceil((part * SLOTS) / count));
    await client.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String((to as number) - 1));
    if (index > 0) await client.call('CLUSTER', 'MEET', '127.0.0.1', portOf(first), busPorts.get(portOf(first)) ?? '');
  }
  await until(async () => {
    const states = await Promise.all(clients.map((client) => client.cluster('INFO')));
    return states.every((state) => state.includes('cluster_state:ok') && state.includes(`known_nodes:${count}`));
  });
  for (const client of clients) client.disconnect();
  return nodes;
}

/** The ports on which nodes talk to each other, by the port for clients. */
const busPorts = new Map<string, string>();

async function startNode(): Promise<TestServer> {
  const busPort = String(await findFreePort());
  // With full coverage, one node away stops all.
  const settings = ['--cluster-enabled', 'yes', '--cluster-port', busPort, '--cluster-require-full-coverage', 'no'];
  const node = await startRedis(settings);
  busPorts.set(portOf(node), busPort);
  return node;
}

function portOf(node: TestServer | undefined): string {
  return new URL(node?.url ?? '').port;
}
