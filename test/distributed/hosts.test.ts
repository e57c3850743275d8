import { symlinkSync } from 'node:fs';
import { inline, Manager, ProtocolError, SerializationError, TaskNotFoundError, tasksFrom } from 'aiomultiprocess';
import { DistributedPool, type DistributedPoolOptions, Host } from 'aiomultiprocess/distributed';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { secret } from '../fixtures/distributed/not-offered.js';
import {
  hostPid,
  inlined,
  makeQueue,
  makeText,
  measure,
  reportText,
  throwText,
  triple,
  tripleAfter,
} from '../fixtures/distributed/tasks.js';
import { withFile } from '../support/folder.ts';
import { fixtures, type HostProcess, startHosts } from '../support/hosts.ts';
import { node, root } from '../support/run.ts';
import { startRedis, type TestServer } from '../support/servers.ts';
import { until } from '../support/until.ts';

let redis: TestServer;
let hosts: HostProcess[] = [];
let queues = 0;

beforeAll(async () => {
  redis = await startRedis();
  hosts = await startHosts(2, 'hosts', redis.url, ['--max-value-size', '64k']);
});

afterAll(async () => {
  await Promise.all(hosts.map((host) => host.end('SIGTERM')));
  await redis.remove();
});

/** Runs the body with a pool on the queue of the shared hosts, unless the options name another queue. */
async function withPool<T>(body: (pool: DistributedPool) => Promise<T>, options: Partial<DistributedPoolOptions> = {}) {
  const pool = new DistributedPool({ queue: 'hosts', connection: redis.url, ...options });
  try {
    return await body(pool);
  } finally {
    pool.terminate();
    await pool.join();
  }
}

/** Runs the body with direct access to a queue. */
async function withQueue<T>(name: string, body: (queue: Queue) => Promise<T>): Promise<T> {
  const queue = new Queue(name, { connection: { url: redis.url } });
  try {
    return await body(queue);
  } finally {
    await queue.close();
  }
}

/** A host in this process, on a queue of its own. */
async function withHost<T>(body: (host: Host, queue: string) => Promise<T>, options: object = {}): Promise<T> {
  const queue = `own-${++queues}`;
  const modules = [`${fixtures}distributed/tasks.js`, `${fixtures}pool/gate.js`];
  const host = new Host({ queue, connection: redis.url, modules, pool: { processes: 1 }, ...options });
  try {
    await host.start();
    return await body(host, queue);
  } finally {
    await host.close();
  }
}

describe('several hosts', () => {
  test('share the tasks of a map', async () => {
    await withPool(async (pool) => {
      const pids = await pool.starmap(hostPid, Array(200).fill([]));
      // One host may take all of the first tasks; tasks that wait make sure that both hosts take some.
      await pool.starmap(tripleAfter, Array(64).fill([1, 50]));
      const others = await pool.starmap(hostPid, Array(200).fill([]));
      expect(new Set([...pids, ...others])).toEqual(new Set(hosts.map(({ pid }) => pid)));
      expect(pool.stats()).toMatchObject({ hosts: 2, queued: 0, sent: 0 });
    });
  });

  test('serve several callers at the same time, each with its own results', async () => {
    const callers = [1, 2, 3].map((factor) =>
      withPool(async (pool) => pool.map(triple, Array(300).fill(factor) as number[])),
    );
    const results = await Promise.all(callers);
    expect(results.map((list) => new Set(list))).toEqual([new Set([3]), new Set([6]), new Set([9])]);
  });
});

describe('a host rejects', () => {
  test.each<[string, () => [fn: () => Promise<unknown>, message: string | RegExp]]>([
    ['a function of a module that it was not started with', () => [secret, 'was not started with the module']],
    [
      'a function that its version of a module does not export',
      () => [
        tasksFrom<{ newer(): Promise<void> }>(new URL('../fixtures/distributed/tasks.js', import.meta.url)).newer,
        /does not export the function 'newer'.*same version/,
      ],
    ],
  ])('%s', async (_, get) => {
    const [fn, message] = get();
    await withPool(async (pool) => {
      const error = await pool.apply(fn).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TaskNotFoundError);
      expect(error).toMatchObject({ message: expect.stringMatching(message) });
    });
  });

  test('a missing module, before it takes tasks', async () => {
    const host = new Host({ queue: 'none', connection: redis.url, modules: ['./not-there.js'] });
    await expect(host.start()).rejects.toThrow('cannot import');
  });
});

describe('a caller rejects', () => {
  test.each<[string, () => Promise<unknown>, string]>([
    ['a function made by inline()', inlined, 'hosts do not run source text'],
    ['a function that the caller made by inline()', inline(async () => 1), 'hosts do not run source text'],
  ])('%s', async (_, fn, message) => {
    await withPool(async (pool) => {
      await expect(pool.apply(fn)).rejects.toThrow(message);
      expect(() => pool.map(fn, [1])).toThrow(TaskNotFoundError);
    });
  });

  test('a function outside of the root', async () => {
    await withPool(async (pool) => expect(pool.apply(triple, [1])).rejects.toThrow('set the option "root"'), {
      root: `${root}lib`,
    });
  });

  test.each<[string, object]>([
    ['a missing queue', { connection: 'redis://localhost' }],
    ['a missing connection', { queue: 'q' }],
    ['a colon in the name', { queue: 'a:b', connection: 'redis://localhost' }],
    ['an unsupported URL', { queue: 'q', connection: 'http://localhost' }],
    ['an unknown option', { queue: 'q', connection: 'redis://localhost', processes: 2 }],
    ['too large a chunk', { queue: 'q', connection: 'redis://localhost', chunkSize: 5000 }],
    ['a lease longer than any timer', { queue: 'q', connection: 'redis://localhost', leaseDuration: 2 ** 31 }],
  ])('options with %s', (_, options) => {
    expect(() => new DistributedPool(options as never)).toThrow(TypeError);
  });
});

describe('a large value', () => {
  test('that only the host considers too large rejects with ProtocolError', async () => {
    await withPool(
      async (pool) => expect(pool.apply(measure, ['x'.repeat(1_000_000)])).rejects.toThrow(ProtocolError),
      {
        maxValueSize: 4 * 1024 * 1024,
      },
    );
  });

  test('that only the caller considers too large rejects with SerializationError', async () => {
    await withHost(
      (_host, queue) =>
        withPool(
          async (pool) => {
            const [small, large] = await Promise.allSettled([
              pool.apply(makeText, [10]),
              pool.apply(makeText, [1_000_000]),
            ]);
            expect(small).toMatchObject({ value: 'x'.repeat(10) });
            expect(large).toMatchObject({ reason: { name: 'SerializationError', path: 'result' } });
          },
          { queue, maxValueSize: 64 * 1024 },
        ),
      { maxValueSize: 4 * 1024 * 1024 },
    );
  });

  test('reported as progress is dropped, and the host emits an error', async () => {
    await withHost(async (host, queue) => {
      const errors: string[] = [];
      host.on('error', ({ name }) => errors.push(name));
      const reports: unknown[] = [];
      const onProgress = (value: unknown) => reports.push(value);
      await withPool((pool) => pool.apply(reportText, [2_000_000], { onProgress }), { queue });
      expect([reports, errors]).toEqual([['short'], ['SerializationError']]);
    });
  });

  test('of an error leaves its message and its stack', async () => {
    await withPool(async (pool) => {
      const error = await pool.apply(throwText, [2_000_000]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SerializationError);
      const { path, cause } = error as SerializationError & { cause: Error };
      expect([path, cause.name, cause.message]).toEqual(['error', 'RangeError', 'no such page']);
      expect(cause.stack).toMatch(/^RangeError: no such page\n +at throwText /);
    });
  });

  test('is rejected as an argument and as a result, without harm to other tasks', async () => {
    await withPool(
      async (pool) => {
        const [small, large] = await Promise.allSettled([
          pool.apply(measure, ['x'.repeat(1000)]),
          pool.apply(measure, ['x'.repeat(70_000)]),
        ]);
        expect(small).toMatchObject({ value: 1000 });
        expect(large).toMatchObject({ reason: expect.any(SerializationError) });
        expect(String((large as PromiseRejectedResult).reason)).toContain('put it where the hosts can read it');
        const results = await pool.map(makeText, [10, 200_000, 20, 300_000, 30]).settled();
        expect(results.map((each) => (each.status === 'fulfilled' ? each.value.length : each.reason.path))).toEqual([
          10,
          'result',
          20,
          'result',
          30,
        ]);
      },
      { maxValueSize: 64 * 1024 },
    );
  });
});

describe('an object of a manager', () => {
  test('as an argument fails only its own task', () =>
    Manager.using({}, async (manager) => {
      const items = ['a', { queue: manager.queue() }, 'c'];
      const results = await withPool((pool) => pool.map(measure, items as string[]).settled(), { chunkSize: 3 });
      expect(results).toMatchObject([{ value: 1 }, { reason: { path: 'args[0].queue' } }, { value: 1 }]);
    }));

  test('as a result fails only its own task', async () => {
    await withHost((_host, queue) =>
      withPool(
        async (pool) => {
          const results = await Promise.allSettled([pool.apply(makeQueue), pool.apply(triple, [1])]);
          expect(results).toMatchObject([{ reason: { name: 'SerializationError' } }, { value: 3 }]);
        },
        { queue },
      ),
    );
  });
});

test('the root may be a symbolic link', async () => {
  await withFile(async (link) => {
    symlinkSync(root, link);
    await withPool(async (pool) => expect(await pool.apply(triple, [5])).toBe(15), { root: link });
  });
});

test('two hosts in one process have different names', () => {
  const options = { queue: 'q', connection: redis.url, modules: ['a.js'] };
  expect(new Host(options).name).not.toBe(new Host(options).name);
});

test('a host serves its health and its metrics over HTTP', async () => {
  await withHost(
    async (host, queue) => {
      await withPool((pool) => pool.apply(triple, [1]), { queue });
      const health = await fetch(`http://127.0.0.1:${host.port}/healthz`);
      expect([health.status, await health.json()]).toMatchObject([200, { done: 1, running: 0 }]);
      const metrics = await (await fetch(`http://127.0.0.1:${host.port}/metrics`)).text();
      expect(metrics).toMatch(/^# TYPE aiomultiprocess_host_tasks_total counter\naiomultiprocess_host_tasks_total 1$/m);
      expect((await fetch(`http://127.0.0.1:${host.port}/`)).status).toBe(404);
    },
    { port: 0 },
  );
});

test('without BullMQ the error names the package to install', async () => {
  const { code, stdout } = await node([`${fixtures}distributed/programs/without-packages.mjs`]);
  expect([code, stdout]).toEqual([0, 'MissingPackageError: npm install bullmq\n']);
});

test('a pool can be terminated while its datastore is unreachable', async () => {
  const pool = new DistributedPool({ queue: 'q', connection: 'redis://127.0.0.1:1' });
  const errors: Error[] = [];
  pool.on('connectionError', (error) => errors.push(error));
  const call = pool.apply(triple, [1]);
  const outcome = expect(call).rejects.toThrow('pool was terminated');
  await until(async () => errors.length > 0);
  pool.terminate();
  await outcome;
  await pool.join();
});

/** A body of one frame. */
function frame(...bytes: number[]): string {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(bytes.length);
  return Buffer.concat([header, Buffer.from(bytes)]).toString('base64');
}

describe('forged jobs', () => {
  const { caller, lease } = { caller: 'a'.repeat(32), lease: 60_000 };
  /** The call of `triple(1)`. */
  const body = frame(0x91, 0x94, 2, 1, 0, 0x91, 0x91, 1);
  const fn = { kind: 'handle', name: 'triple' };
  const right = {
    version: 3,
    caller,
    pool: caller,
    lease,
    module: 'test/fixtures/distributed/tasks',
    fn,
    maxValueSize: 65_536,
    body,
  };
  const deep = frame.apply(undefined, Array(60_000).fill(0x91));

  test.each<[string, unknown]>([
    ['data that is not an object', 'text'],
    ['no data', null],
    ['another version', { ...right, version: 1 }],
    ['a path as the caller', { ...right, caller: '../../etc' }],
    ['a lease longer than any timer', { ...right, lease: 2 ** 40 }],
    ['a time limit longer than any timer', { ...right, timeout: 2 ** 31 }],
    ['another kind of pool', { ...right, pool: 'mine' }],
    ['a negative number of runs', { ...right, runs: -1 }],
    ['endless retries', { ...right, retries: 1e300 }],
    ['a module that is not a string', { ...right, module: { toString: 'x' } }],
    ['an invalid function', { ...right, fn: ['triple'] }],
    ['a function of another kind', { ...right, fn: { kind: 'inline', name: 'triple' } }],
    ['too many variables of the function', { ...right, fn: { ...fn, kind: 'export', holders: Array(200).fill('a') } }],
    ['no maximum size of results', { ...right, maxValueSize: undefined }],
    ['too large a body', { ...right, body: 'A'.repeat(1_000_000) }],
    ['a body of garbage', { ...right, body: Buffer.alloc(100, 0xff).toString('base64') }],
    ['a frame longer than the body', { ...right, body: Buffer.alloc(8, 0x7f).toString('base64') }],
    ['an array without end', { ...right, body: frame(0xdd, 0xff, 0xff, 0xff, 0xff) }],
    ['too deep a tree', { ...right, body: deep }],
    ['a message of an unexpected kind', { ...right, body: frame(0x91, 0x93, 6, 1, 0x90) }],
    ['no tasks', { ...right, body: frame(0x90) }],
  ])('with %s are rejected, and the host keeps running', async (_, data) => {
    await withQueue('hosts', async (queue) => {
      await keepLease();
      const job = await queue.add('tasks', data);
      await until(async () => (await job.getState()) === 'failed');
      await job.remove();
    });
    await withPool(async (pool) => expect(await pool.apply(triple, [5])).toBe(15));
  });

  test.each([
    ['constructor', 'test/fixtures/distributed/tasks'],
    ['__proto__', 'test/fixtures/distributed/tasks'],
    ['execSync', 'node:child_process'],
    ['triple', '../../dist/test/fixtures/distributed/tasks'],
    ['triple', '/etc/passwd'],
  ])('that call %s of %s run nothing', async (name, module) => {
    await withQueue('hosts', async (queue) => {
      await keepLease();
      const job = await queue.add(
        'tasks',
        { ...right, module, fn: { kind: 'handle', name } },
        { removeOnComplete: true },
      );
      await until(async () => (await job.getState()) === 'unknown');
      // The caller gets the rejection.
      const results = new Queue(`hosts-results-${caller}`, { connection: { url: redis.url } });
      const [first] = (await results.getJobs(['waiting'])).filter(({ data: { times } }) => times.length > 0);
      expect(Buffer.from(first?.data.body, 'base64').toString('latin1')).toContain('TaskNotFoundError');
      await results.obliterate({ force: true });
      await results.close();
    });
  });

  test.each<[string, unknown]>([
    ['no hosts', { ...right }],
    ['another kind of hosts', { ...right, hosts: 'all' }],
    ['several tasks', { ...right, hosts: ['a'], body: frame(0x91, 0x94, 2, 1, 0, 0x92, 0x91, 1, 0x91, 2) }],
    ['too large a body', { ...right, hosts: ['a'], body: 'A'.repeat(1_000_000) }],
    ['the data of a lease', { caller }],
  ])('of a broadcast with %s are rejected, and the host keeps running', async (_, data) => {
    const before = hosts.map(({ lines }) => lines.length);
    await keepLease();
    await withQueue(`hosts-broadcasts-${caller}`, async (queue) => {
      const id = `${caller}-${++forged}`;
      await queue.add('broadcast', data, { jobId: id });
      await publish('broadcast', { caller, id });
      await until(() =>
        hosts.every(({ lines }, index) =>
          lines.slice(before[index]).some((line) => line.includes('received an invalid')),
        ),
      );
      await queue.obliterate({ force: true });
    });
    await withPool(async (pool) => expect(await pool.broadcast(triple, [5])).toEqual([15, 15]));
  });

  test.each([
    ['a path as the caller', { caller: '../etc', id: '../etc-1' }],
    ['another key of its queue as the id', { caller, id: 'wait' }],
    ['no id', { caller }],
    ['a job that is not there', { caller, id: `${caller}-0` }],
  ])('of a broadcast whose event has %s run nothing', async (_, event) => {
    const before = hosts.map(({ lines }) => lines.length);
    await withQueue(`hosts-broadcasts-${caller}`, async (queue) => {
      await queue.add('broadcast', { ...right, hosts: ['a'] });
      await publish('broadcast', event);
      await withPool(async (pool) => expect(await pool.broadcast(triple, [5])).toEqual([15, 15]));
      await queue.obliterate({ force: true });
    });
    expect(hosts.flatMap(({ lines }, index) => lines.slice(before[index]))).toEqual([]);
  });

  let forged = 0;

  async function publish(eventName: string, event: Record<string, string>): Promise<void> {
    const client = new Redis(redis.url);
    await client.xadd('bull:hosts-control:events', '*', 'event', eventName, ...Object.entries(event).flat());
    client.disconnect();
  }

  /** Pretends that the caller is alive. */
  async function keepLease(): Promise<void> {
    await withQueue('hosts-leases', async (leases) => {
      await leases.add('lease', { version: 3, caller, until: Date.now() + 60_000 }, { jobId: `lease-${caller}` });
    });
  }
});

test('forged results emit errors, and the caller gets the right result', async () => {
  const right = {
    version: 3,
    host: 'a',
    slots: 1,
    roundTrip: 1,
    times: [],
    lost: [],
    returned: [],
    refused: [],
    body: '',
  };
  const wrong = [
    null,
    'text',
    { ...right, version: 1 },
    { ...right, slots: 1e308 },
    { ...right, slots: 0.5 },
    { ...right, roundTrip: -1 },
    { ...right, times: [[1, 1]] },
    { ...right, times: [['1', null]] },
    { ...right, lost: 'all' },
    { ...right, returned: [0.5] },
    { ...right, refused: [['1', {}]] },
    { ...right, body: Buffer.alloc(100, 0xff).toString('base64') },
    // The result of a task whose id is a big integer.
    { ...right, body: frame(0x91, 0x93, 6, 0xd6, 0x42, 0, 0, 0, 1, 0x91, 1) },
  ];
  const strange = [
    // The result of a task that was never sent.
    { ...right, body: frame(0x91, 0x93, 6, 0xcd, 0xff, 0xff, 0x91, 1) },
    {
      ...right,
      times: [['no such chunk', 1]],
      lost: [['no such chunk', 1]],
      returned: [77],
      refused: [['no such chunk', 'why']],
    },
  ];
  await withPool(
    async (pool) => {
      const errors: string[] = [];
      pool.on('connectionError', ({ name, message }) => errors.push(`${name}: ${message}`));
      const result = pool.apply(triple, [5]);
      const caller = await withQueue('forged', async (queue) => {
        await until(async () => (await queue.getJobCounts('prioritized')).prioritized === 1);
        return (await queue.getJobs(['prioritized']))[0]?.data.caller;
      });
      await withQueue(`forged-results-${caller}`, async (queue) => {
        for (const data of [...wrong, ...strange]) await queue.add('results', data);
        await until(async () => (await queue.count()) === 0);
      });
      await withHost(async () => expect(await result).toBe(15), { queue: 'forged' });
      expect(errors).toEqual(wrong.map(() => expect.stringContaining('ProtocolError: ')));
    },
    { queue: 'forged' },
  );
});
