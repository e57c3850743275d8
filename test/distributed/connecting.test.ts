import { InvalidStateError, PoolTerminatedError, QueueError } from 'aiomultiprocess';
import { DistributedPool, Host } from 'aiomultiprocess/distributed';
import { Redis } from 'ioredis';
import { triple } from '../fixtures/distributed/tasks.js';
import { fixtures } from '../support/hosts.ts';
import { startRedis } from '../support/servers.ts';

test('a wrong password is a QueueError, for callers and hosts', async () => {
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

test('ready() rejects when the pool is ended while the datastore is away', async () => {
  for (const end of ['close', 'terminate'] as const) {
    const pool = new DistributedPool({ queue: 'away', connection: 'redis://127.0.0.1:1' });
    const ready = pool.ready();
    pool[end]();
    await expect(ready).rejects.toThrow(end === 'close' ? InvalidStateError : PoolTerminatedError);
    await pool.join();
  }
});
