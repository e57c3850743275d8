/** What `connection` may be: each form works, or is an error at once. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { QueueError } from 'aiomultiprocess';
import { DistributedPool, type DistributedPoolOptions, Host } from 'aiomultiprocess/distributed';
import { Cluster, Redis } from 'ioredis';
import pg from 'pg';
import { triple } from '../fixtures/distributed/tasks.js';
import { createCertificate } from '../support/certificate.ts';
import { fixtures } from '../support/hosts.ts';
import { startPostgres, startRedis } from '../support/servers.ts';
import { until } from '../support/until.ts';

type Connection = DistributedPoolOptions['connection'];

const modules = [`${fixtures}distributed/tasks.js`];

/** Runs one task over this connection, with a host that uses it too. */
async function callOver(connection: Connection): Promise<number> {
  const host = new Host({ queue: 'q', connection, modules, pool: { processes: 1 } });
  await host.start();
  const pool = new DistributedPool({ queue: 'q', connection });
  try {
    return await pool.apply(triple, [5]);
  } finally {
    pool.terminate();
    await pool.join();
    await host.close();
  }
}

async function expectRefusal(connection: Connection, message: string | RegExp): Promise<void> {
  const pool = new DistributedPool({ queue: 'q', connection });
  const error = await pool.ready().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(QueueError);
  expect(error).toMatchObject({ message: expect.stringMatching(message) });
  await expect(pool.apply(triple, [1])).rejects.toThrow(QueueError);
  pool.terminate();
  await pool.join();
  const host = new Host({ queue: 'q', connection, modules, pool: { processes: 1 } });
  await expect(host.start()).rejects.toThrow(message);
}

test('a pool of pg, and options without a database, reach PostgreSQL', async () => {
  const server = await startPostgres();
  const { hostname: host, port } = new URL(server.url);
  const pool = new pg.Pool({ connectionString: server.url });
  try {
    expect(await callOver(pool)).toBe(15);
    expect(pool.ended).toBe(false);
    await pool.query('CREATE DATABASE test');
    expect(await callOver({ host, port: Number(port), user: 'test' })).toBe(15);
  } finally {
    await pool.end();
    await server.remove();
  }
});

test('a database that Redis does not have is an error, not database 0', async () => {
  const redis = await startRedis();
  try {
    await expectRefusal(`${redis.url}/99`, 'DB index is out of range');
    expect(await callOver(`${redis.url}/3`)).toBe(15);
    const client = new Redis(redis.url);
    expect(await client.keys('*')).toEqual([]);
    client.disconnect();
  } finally {
    await redis.remove();
  }
});

test('missing rights are an error at once', async () => {
  const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
  try {
    const client = new Redis(redis.url);
    await client.call('ACL', 'SETUSER', 'guest', 'on', '>secret', '~other:*', '&*', '+@all');
    client.disconnect();
    await expectRefusal(redis.url.replace('//', '//guest:secret@'), 'NOPERM');
    const admin = new pg.Client(postgres.url);
    await admin.connect();
    await admin.query('CREATE ROLE guest LOGIN');
    await admin.end();
    await expectRefusal(postgres.url.replace('test@', 'guest@'), 'permission denied');
  } finally {
    await Promise.all([redis.remove(), postgres.remove()]);
  }
});

test('shards of a Redis that is not a cluster are an error at once', async () => {
  const redis = await startRedis();
  const options = { queue: 'q', connection: redis.url, shards: 3 };
  try {
    const pool = new DistributedPool(options);
    await expect(pool.apply(triple, [1])).rejects.toThrow(QueueError);
    await expect(pool.ready()).rejects.toThrow('is not a Redis Cluster');
    pool.terminate();
    await pool.join();
    const host = new Host({ ...options, modules, pool: { processes: 1 } });
    await expect(host.start()).rejects.toThrow('is not a Redis Cluster');
  } finally {
    await redis.remove();
  }
});

test.each(['redis://no-such-host.invalid', 'postgres://test@no-such-host.invalid/db'])(
  'an unknown host name is an error at once: %s',
  (url) => expectRefusal(url, /no-such-host\.invalid/),
);

test('a certificate that this machine does not accept is an error at once', async () => {
  const server = createServer(createCertificate());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expectRefusal(`rediss://127.0.0.1:${port}`, 'certificate');
  server.close();
});

describe('at construction is rejected', () => {
  const cluster = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true });
  const client = new Redis({ lazyConnect: true, keyPrefix: 'app:', maxRetriesPerRequest: null });
  afterAll(() => {
    cluster.disconnect();
    client.disconnect();
  });

  test.each<[string, object, string]>([
    ['keyPrefix in options', { connection: { host: '127.0.0.1', keyPrefix: 'app:' } }, 'use the option "prefix"'],
    ['keyPrefix of a client', { connection: client }, 'use the option "prefix"'],
    ['a Redis Cluster without a prefix in braces', { connection: cluster }, 'such as "{bull}"'],
    ['a Redis Cluster with another prefix', { connection: cluster, prefix: 'mine' }, 'got "mine"'],
    ['a database that is not a number', { connection: 'redis://127.0.0.1/abc' }, 'the number of a database'],
    ['a password with special characters', { connection: 'redis://:a/b@127.0.0.1' }, 'encode special characters'],
    ['the path of a socket', { connection: 'redis:///run/redis.sock' }, '{ path }'],
    ['a single client of pg', { connection: new pg.Client('postgres://test@127.0.0.1/db') }, 'a single client of pg'],
  ])('%s', (_, options, message) => {
    const all = { queue: 'q', ...options } as DistributedPoolOptions;
    expect(() => new DistributedPool(all)).toThrow(message);
    expect(() => new Host({ ...all, modules })).toThrow(TypeError);
  });

  test('but not a Redis Cluster with a prefix in braces', async () => {
    const pool = new DistributedPool({ queue: 'q', connection: cluster, prefix: '{mine}' });
    pool.terminate();
    await pool.join();
  });
});

test('callers and hosts with a short heartbeatTimeout wait for the tables of PostgreSQL', async () => {
  const server = await startPostgres();
  let client = new pg.Client(server.url);
  // It listens before it accepts clients.
  await until(() =>
    client.connect().then(
      () => true,
      () => {
        client = new pg.Client(server.url);
        return false;
      },
    ),
  );
  // BullMQ's lock for migrations. They take a second longer than a query may take otherwise.
  await client.query(`SELECT pg_advisory_lock(${0x42554c4c}, hashtext('bullmq'))`);
  const pool = new DistributedPool({ queue: 'q', connection: server.url, heartbeatTimeout: 1000 });
  const errors: string[] = [];
  pool.on('connectionError', ({ message }) => errors.push(message));
  const ready = pool.ready();
  const waiting =
    "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND clock_timestamp() - query_start > interval '1 s'";
  await until(async () => (await client.query(waiting)).rows.length > 0);
  await client.query('SELECT pg_advisory_unlock_all()');
  await ready;
  expect(errors).toEqual([]);
  pool.terminate();
  await pool.join();
  await client.end();
  await server.remove();
});
