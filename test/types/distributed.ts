import type { PoolResult, TaskInfo } from 'aiomultiprocess';
import {
  DistributedPool,
  type DistributedPoolOptions,
  type DistributedPoolStats,
  Host,
  type HostStats,
} from 'aiomultiprocess/distributed';
import { Redis } from 'ioredis';
import { Pool as PgPool } from 'pg';
import { expectType } from '../support/expect-type.ts';

declare const pool: DistributedPool;
declare const host: Host;
declare function toText(value: number): Promise<string>;
declare function join(left: string, right: number): Promise<boolean>;

// Calls: the types of a Pool.
expectType<Promise<string>>().of(pool.apply(toText, [1]));
expectType<Promise<string>>().of(pool.apply(toText, [1], { retries: 1, timeout: 5, priority: 2 }));
expectType<PoolResult<string>>().of(pool.map(toText, [1, 2], { progress: true }));
expectType<PoolResult<boolean>>().of(pool.starmap(join, [['a', 1]]));
// @ts-expect-error: the argument is not what the function takes
pool.apply(toText, ['a']);
// @ts-expect-error: the items are not what the function takes
pool.map(toText, ['a']);
// @ts-expect-error: an argument is missing
pool.starmap(join, [['a']]);
// broadcast: one result a process.
expectType<Promise<string[]>>().of(pool.broadcast(toText, [1]));
expectType<Promise<string[]>>().of(pool.broadcast(toText, [1], { timeout: 5, expires: 10 }));
// @ts-expect-error: the argument is not what the function takes
pool.broadcast(toText, ['a']);
// @ts-expect-error: a broadcast is not retried
pool.broadcast(toText, [1], { retries: 1 });
// @ts-expect-error: a distributed pool has no stream
pool.stream(toText, [1]);

// Options: a URL, options of the client, or a client.
new DistributedPool({ queue: 'q', connection: 'redis://localhost' });
new DistributedPool({ queue: 'q', connection: { host: 'localhost', port: 6379 } });
new DistributedPool({ queue: 'q', connection: new Redis('redis://localhost') });
new DistributedPool({ queue: 'q', connection: { connectionString: 'postgres://localhost/jobs', max: 4 } });
new DistributedPool({ queue: 'q', connection: new PgPool() });
// @ts-expect-error: the queue has a name
new DistributedPool({ connection: 'redis://localhost' });
// @ts-expect-error: how many processes there are is for the hosts to say
const options: DistributedPoolOptions = { queue: 'q', connection: 'redis://localhost', processes: 2 };
void options;
new Host({ queue: 'q', connection: 'redis://localhost', modules: ['./tasks.js'], pool: { processes: 2 } });
// @ts-expect-error: a host offers modules
new Host({ queue: 'q', connection: 'redis://localhost' });

// Events.
pool.on('connectionError', (error) => expectType<Error>().of(error));
pool.on('taskSucceeded', (info) => expectType<TaskInfo>().of(info));
pool.on('taskFailed', ({ error }) => expectType<unknown>().of(error));
// @ts-expect-error: the processes are those of the hosts
pool.on('processExited', () => {});
host.on('refused', (reason, jobId) => {
  expectType<Error>().of(reason);
  expectType<string>().of(jobId);
});

// Numbers.
expectType<DistributedPoolStats>().of(pool.stats());
expectType<HostStats>().of(host.stats());
expectType<number | undefined>().of(host.port);
