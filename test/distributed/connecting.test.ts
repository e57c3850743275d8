import { InvalidStateError, PoolTerminatedError, QueueError } from 'aiomultiprocess';
import { DistributedPool, Host } from 'aiomultiprocess/distributed';
import { Redis } from 'ioredis';
import { triple, tripleAfter } from '../fixtures/distributed/tasks.js';
import { describeDatastores } from '../support/datastores.ts';
import { fixtures, HostProcess } from '../support/hosts.ts';
import { node, root } from '../support/run.ts';
import { startPostgres, startRedis } from '../support/servers.ts';
import { until } from '../support/until.ts';

test('a wrong password rejects with QueueError, for callers and hosts', async () => {
  const redis = await startRedis();
  const client = new Redis(redis.url);
  await client.config('SET', 'requirepass', 'right');
  for (const connection of [redis.url, redis.url.replace('//', '//:wrong@')]) {
    const pool = new DistributedPool({ queue: 'q', connection });
    await expect(pool.ready()).rejects.toThrow(QueueError);
    await expect(pool.apply(triple, [1])).rejects.toThrow(QueueError);
    pool.terminate();
    await pool.join();
    const modules = [`${fixtures}distributed/tasks.js`];
    const host = new Host({ queue: 'q', connection, modules, pool: { processes: 1 } });
    await expect(host.start()).rejects.toThrow(QueueError);
  }
  client.disconnect();
  await redis.remove();
});

test('a host of a read-only replica says why it cannot take tasks', async () => {
  const redis = await startRedis();
  const replica = await startRedis(['--replicaof', '127.0.0.1', new URL(redis.url).port]);
  const host = new HostProcess('q', replica.url, ['--datastore-timeout', '2s']);
  try {
    expect(await host.exited).toBe(1);
    expect(host.lines.join('\n')).toMatch(/the datastore has failed for 2 s .* READONLY/);
    expect(host.lines.join('\n')).not.toContain('runs tasks');
  } finally {
    await Promise.all([host.end(), replica.remove(), redis.remove()]);
  }
});

test('ready() rejects if the pool is closed while the datastore is down', async () => {
  for (const end of ['close', 'terminate'] as const) {
    const pool = new DistributedPool({ queue: 'away', connection: 'redis://127.0.0.1:1' });
    const ready = pool.ready();
    pool[end]();
    await expect(ready).rejects.toThrow(end === 'close' ? InvalidStateError : PoolTerminatedError);
    await pool.join();
  }
});

test('a ready() that no one awaits and terminate() stops does not end the program', async () => {
  const script = `
    import { DistributedPool } from 'aiomultiprocess/distributed';
    const pool = new DistributedPool({ queue: 'away', connection: 'redis://127.0.0.1:1' });
    void pool.ready();
    pool.terminate();
    await pool.join();
    console.log('ended');
  `;
  const run = await node(['--input-type=module', '-e', script], { cwd: root });
  expect(run).toEqual({ code: 0, stdout: 'ended\n', stderr: '' });
});

test.each([
  ['Redis', startRedis],
  ['PostgreSQL', startPostgres],
])('a caller connects again if %s cuts off a connection as it opens', async (_, startServer) => {
  const server = await startServer();
  const { port } = new URL(server.url);
  const program = `${fixtures}distributed/programs/cut-off.mjs`;
  const run = await node([program, port, server.url.replace(port, '%PORT%')]);
  await server.remove();
  expect(run).toEqual({ code: 0, stdout: '3 true\n', stderr: '' });
});

test.each([
  ['Redis', startRedis],
  ['PostgreSQL', startPostgres],
])('a caller and a host that start before %s connect once it runs', async (_, startServer) => {
  const server = await startServer();
  await server.kill();
  const pool = new DistributedPool({ queue: 'early', connection: server.url });
  const host = new HostProcess('early', server.url);
  try {
    const failed = new Promise<void>((resolve) => pool.on('connectionError', () => resolve()));
    const result = pool.apply(triple, [5]);
    await failed;
    await server.start();
    await host.ready();
    expect(await result).toBe(15);
  } finally {
    pool.terminate();
    await pool.join();
    await host.end();
    await server.remove();
  }
});

describeDatastores((setting) => {
  test('a caller and a host go on when the datastore starts without its data', async () => {
    await setting().startHost();
    await setting().withPool(
      async (pool) => {
        const results = pool.starmap(tripleAfter, Array(200).fill([2, 50]));
        await results[Symbol.asyncIterator]().next();
        await setting().server.kill();
        setting().server.wipe();
        await setting().server.start();
        expect(await results).toEqual(Array(200).fill(6));
      },
      { leaseDuration: 2000 },
    );
  });

  test('hosts hear their callers when the datastore has started without its data', async () => {
    await setting().startHost();
    await setting().withPool(
      async (pool) => {
        // PostgreSQL numbers events, from 1 again when its tables are new.
        for (let times = 0; times < 60; times++) expect(await pool.broadcast(triple, [2])).toEqual([6]);
        await setting().server.kill();
        setting().server.wipe();
        await setting().server.start();
        expect(await pool.apply(triple, [2])).toBe(6);
        // A host may take 5 s to connect again, for which a broadcast waits no longer.
        await until(async () => (await pool.broadcast(triple, [2])).length === 1);
      },
      { leaseDuration: 2000 },
    );
  });
});
