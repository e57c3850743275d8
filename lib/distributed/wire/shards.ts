import { type Connection, isClient, usesPostgres } from './connection-options.js';

/** The part of a queue in one datastore, or on one node of a Redis Cluster. */
export interface Shard {
  /** The name of its queue. */
  queue: string;
  connection: Connection;
  /** Whether `connection` leads to a Redis Cluster. */
  isCluster: boolean;
}

/** The options that decide over how many queues a queue is spread. */
export interface ShardOptions {
  queue: string;
  connection: Connection | readonly Connection[];
  shards?: number;
}

/** The number of hash slots of a Redis Cluster. */
const SLOTS = 16_384;

/** The shards of a queue, the same for all callers and hosts. */
export function listShards({ queue, connection, shards }: ShardOptions): Shard[] {
  if (Array.isArray(connection)) {
    return connection.map((each: Connection) => ({ queue, connection: each, isCluster: isCluster(each) }));
  }
  const only = connection as Connection;
  if (shards === undefined) return [{ queue, connection: only, isCluster: isCluster(only) }];
  return nameShards(queue, shards).map((name) => ({ queue: name, connection: only, isCluster: true }));
}

/**
 * Names that Redis Cluster spreads evenly over its slots, and so over its nodes if their number divides `count`. The slot of
 * a key is the hash of its part in braces, so all keys of a shard are on one node.
 */
export function nameShards(queue: string, count: number): string[] {
  return Array.from({ length: count }, (_, shard) => {
    for (let suffix = 0; ; suffix++) {
      const name = `${queue}-${shard}-${suffix}`;
      if (Math.floor((slotOf(name) * count) / SLOTS) === shard) return `{${name}}`;
    }
  });
}

/** @throws TypeError if the options exclude each other. */
export function checkShards(what: string, { connection, shards, queue }: ShardOptions): void {
  if (shards === undefined) return;
  if (Array.isArray(connection)) {
    throw new TypeError(
      `${what}: option "shards": expected a single connection, to a Redis Cluster; with an array of connections, each of ` +
        'them is one shard',
    );
  }
  const only = connection as Connection;
  if (usesPostgres(only) || (isClient(only) && !isCluster(only))) {
    throw new TypeError(
      `${what}: option "shards": expected a connection to a Redis Cluster: the URL of one of its nodes, or a Cluster of ` +
        'ioredis; to use several other datastores, give an array as "connection"',
    );
  }
  if (/[{}]/.test(queue)) throw new TypeError(`${what}: option "queue": expected no braces together with "shards"`);
}

function isCluster(connection: Connection): boolean {
  return Reflect.get(Object(connection), 'isCluster') === true;
}

/** The hash slot of a key without braces: its CRC-16/XMODEM. */
function slotOf(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return (crc & 0xffff) % SLOTS;
}
