/** The behaviour that pools of processes on this machine and pools of hosts behind a queue share. */
import {
  type CancelledInfo,
  Pool,
  PoolResult,
  SerializationError,
  type TaskErrorInfo,
  type TaskInfo,
  TaskTimeoutError,
} from 'aiomultiprocess';
import { DistributedPool } from 'aiomultiprocess/distributed';
import { describeTask, report } from '../fixtures/pool/current.js';
import { failIfOdd, killSelf, returnFunction, throwHttpError, throwRangeError } from '../fixtures/pool/failing.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { dieUntil, succeedAt, waitForAbort } from '../fixtures/pool/limited.js';
import { add, double, identity, pid } from '../fixtures/pool/tasks.js';
import { Gate, withGate } from '../support/gate.ts';
import { type HostProcess, startHosts } from '../support/hosts.ts';
import { startPostgres, startRedis, type TestServer } from '../support/servers.ts';
import { until } from '../support/until.ts';

let servers: TestServer[] = [];
let hosts: HostProcess[] = [];

beforeAll(async () => {
  servers = await Promise.all([startRedis(), startPostgres()]);
  hosts = (await Promise.all(servers.map(({ url }) => startHosts(1, 'behaviour', url)))).flat();
});

afterAll(async () => {
  await Promise.all(hosts.map((host) => host.end('SIGTERM')));
  await Promise.all(servers.map((server) => server.remove()));
});

const createOn = (index: number) =>
  new DistributedPool({ queue: 'behaviour', connection: (servers[index] as TestServer).url });

const numbers = Array.from({ length: 500 }, (_, index) => index);

async function* count(to: number): AsyncGenerator<number> {
  for (let number = 0; number < to; number++) yield number;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe.each<[string, () => Pool | DistributedPool]>([
  ['Pool', () => new Pool({ processes: 1 })],
  ['DistributedPool on Redis', () => createOn(0)],
  ['DistributedPool on PostgreSQL', () => createOn(1)],
])('%s', (_, create) => {
  let pool: Pool | DistributedPool;
  beforeAll(() => {
    pool = create();
  });
  afterAll(async () => {
    pool.terminate();
    await pool.join();
  });

  test('apply() runs the function in another process and resolves to its result', async () => {
    expect(await pool.apply(add, [1, 2])).toBe(3);
    expect(await pool.apply(add, [1])).toBe(101);
    expect(await pool.apply(pid)).not.toBe(process.pid);
  });

  test('values arrive as structuredClone() copies them', async () => {
    const shared = { a: 1 };
    const value = [
      new Map([[shared, new Set([-0])]]),
      shared,
      new Date(5),
      10n ** 30n,
      Buffer.alloc(20_000, 7),
      undefined,
    ];
    const back = (await pool.apply(identity, [value])) as typeof value;
    expect(back).toEqual(value);
    expect([...(back[0] as Map<object, unknown>).keys()][0]).toBe(back[1]);
  });

  test('map() and starmap() resolve to the results in input order', async () => {
    expect(await pool.map(double, numbers)).toEqual(numbers.map((number) => number * 2));
    expect(await pool.starmap(add, [[1, 2], [3], [5, 6]])).toEqual([3, 103, 11]);
    expect(pool.map(double, [])).toBeInstanceOf(PoolResult);
    expect(await pool.map(double, [])).toEqual([]);
  });

  test('a map over an async generator iterates in input order, and unordered() yields every result', async () => {
    expect(await collect(pool.map(double, count(300)))).toEqual(numbers.slice(0, 300).map((number) => number * 2));
    const results = await collect(pool.map(double, count(300)).unordered());
    expect(results.map(({ index }) => index).sort((a, b) => a - b)).toEqual(numbers.slice(0, 300));
    expect(results.every(({ index, value }) => value === index * 2)).toBe(true);
  });

  test('an error keeps its class, message, properties and cause, and is emitted as taskError', async () => {
    const seen: [unknown, TaskErrorInfo][] = [];
    const listener = (error: unknown, info: TaskErrorInfo) => seen.push([error, info]);
    const events = pool as Pool;
    events.on('taskError', listener);
    const error = await pool.apply(throwRangeError).catch((reason: unknown) => reason);
    events.off('taskError', listener);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'out of range', code: 'E_RANGE' });
    expect(seen).toEqual([[error, expect.objectContaining({ task: 'throwRangeError' })]]);
    await expect(pool.apply(throwHttpError, [404])).rejects.toMatchObject({
      status: 404,
      cause: expect.objectContaining({ message: 'fetch failed' }),
    });
  });

  test('each task emits an event when it is queued and one when it ends', async () => {
    const seen: unknown[] = [];
    const events = pool as Pool;
    const stop = new AbortController();
    const note =
      (event: string) =>
      ({ task, args }: TaskInfo) =>
        seen.push([event, task, ...args]);
    const listeners = { queued: note('queued'), succeeded: note('succeeded'), failed: note('failed') };
    const cancelled = (info: CancelledInfo) => seen.push(['cancelled', info.reason]);
    events.on('taskQueued', listeners.queued).on('taskSucceeded', listeners.succeeded);
    events.on('taskFailed', listeners.failed).on('taskCancelled', cancelled);
    await pool.map(failIfOdd, [2, 3]).settled();
    const call = pool.apply(identity, [4], { signal: stop.signal });
    stop.abort('enough');
    await expect(call).rejects.toBe('enough');
    events.off('taskQueued', listeners.queued).off('taskSucceeded', listeners.succeeded);
    events.off('taskFailed', listeners.failed).off('taskCancelled', cancelled);
    expect(seen.sort()).toEqual([
      ['cancelled', 'enough'],
      ['failed', 'failIfOdd', 3],
      ['queued', 'failIfOdd', 2],
      ['queued', 'failIfOdd', 3],
      ['queued', 'identity', 4],
      ['succeeded', 'failIfOdd', 2],
    ]);
  });

  test('map() shows progress and refuses invalid progress options', async () => {
    expect(() => pool.map(double, [1], { progress: { size: 1 } as never })).toThrow('unknown option "size"');
    const shown: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = ((text: string) => shown.push(text) > 0) as typeof write;
    try {
      await pool.map(double, [1, 2], { progress: { label: 'numbers' } });
      await until(() => /numbers.* 2\/2/.test(shown.join('')));
    } finally {
      process.stderr.write = write;
    }
  });

  test('a failed item rejects the map, and settled() resolves to all outcomes', async () => {
    await expect(pool.map(failIfOdd, [2, 3, 4])).rejects.toThrow('3 is odd');
    const settled = await pool.map(failIfOdd, [2, 3, 4]).settled();
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('an argument or a result that cannot be sent rejects only its own task', async () => {
    const calls = [pool.apply(identity, [1]), pool.apply(identity, [() => {}]), pool.apply(identity, [3])];
    const [first, second, third] = await Promise.allSettled(calls);
    expect([first, third]).toMatchObject([{ value: 1 }, { value: 3 }]);
    expect(second).toMatchObject({ reason: expect.any(SerializationError) });
    await expect(pool.apply(returnFunction)).rejects.toThrow('result.user.callback');
  });

  test('aborting a call rejects it at once and aborts the signal of its task', async () => {
    await withGate(async (gate) => {
      const abort = new AbortController();
      const call = pool.apply(waitForAbort, [gate.port], { signal: abort.signal });
      await gate.arrived(1);
      abort.abort(new Error('enough'));
      await expect(call).rejects.toThrow('enough');
    });
    await expect(pool.apply(pid, [], { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  });

  test('cancelling a map rejects it and leaves the pool usable', async () => {
    await withGate(async (gate) => {
      const result = pool.map(waitAt, Array(200).fill(gate.port));
      await gate.arrived(1);
      result.cancel(new Error('no more'));
      await expect(result).rejects.toThrow('no more');
      gate.open();
      expect(await pool.apply(add, [2, 2])).toBe(4);
    });
  });

  test('a failed task is retried as often as its call allows, even after its process dies', async () => {
    expect(await pool.apply(succeedAt, [3], { retries: 2 })).toBe(3);
    await expect(pool.apply(succeedAt, [3], { retries: 1 })).rejects.toThrow('run 2');
    expect(await pool.apply(dieUntil, [2], { retries: 1 })).toBe(2);
    await expect(pool.apply(killSelf, ['SIGKILL'])).rejects.toMatchObject({
      name: 'ProcessExitError',
      signal: 'SIGKILL',
    });
  });

  test('a task that exceeds its time limit rejects with TaskTimeoutError', async () => {
    await withGate(async (gate) => {
      const outcome = expect(pool.apply(waitForAbort, [gate.port], { timeout: 500 })).rejects.toBeInstanceOf(
        TaskTimeoutError,
      );
      await gate.arrived(1);
      await outcome;
    });
  });

  test('onProgress receives the reports of a task in order, with the index of the item', async () => {
    const seen: unknown[] = [];
    const onProgress = (value: unknown) => seen.push(value);
    expect(await pool.apply(report, [[1, { at: 2 }, 'three']], { onProgress })).toBe('reported');
    expect(seen).toEqual([1, { at: 2 }, 'three']);
    const ofItems: unknown[] = [];
    await pool.map(report, [['a'], ['b']], { onProgress: (value, index) => ofItems.push([index, value]) });
    expect(ofItems.sort()).toEqual([
      [0, 'a'],
      [1, 'b'],
    ]);
  });

  test('currentTask() describes the running task', async () => {
    const { attempt, aborted } = await pool.apply(describeTask);
    expect([attempt, aborted]).toEqual([1, false]);
  });

  test('a call with a higher priority runs first', async () => {
    const [gate, lowGate, highGate] = await Promise.all([Gate.create(), Gate.create(), Gate.create()]);
    const gates = [gate, lowGate, highGate];
    try {
      const held = pool.map(waitAt, Array(16).fill(gate.port));
      await gate.arrived(16);
      const low = pool.apply(waitAt, [lowGate.port], { priority: -1 });
      const high = pool.apply(waitAt, [highGate.port], { priority: 1 });
      gate.letOne();
      // There is one free slot, so only one of them can begin.
      await Promise.race([lowGate.arrived(1), highGate.arrived(1)]);
      expect([highGate.arrivals.length, lowGate.arrivals.length]).toEqual([1, 0]);
      for (const each of gates) each.open();
      await Promise.all([held, low, high]);
    } finally {
      await Promise.all(gates.map((each) => each.close()));
    }
  });

  test('invalid calls fail at once', async () => {
    await expect(pool.apply(add, 1 as never)).rejects.toBeInstanceOf(TypeError);
    await expect(pool.apply(pid, [], { retry: 1 } as never)).rejects.toThrow('unknown option "retry"');
    expect(() => pool.map(double, 5 as never)).toThrow(TypeError);
    await expect(pool.join()).rejects.toThrow('pool is still open');
  });

  test('close() completes earlier calls and refuses new ones', async () => {
    const other = create();
    const call = other.map(double, numbers);
    other.close();
    await expect(other.apply(pid)).rejects.toThrow('pool is closed');
    await other.join();
    expect(await call).toHaveLength(500);
    expect(other.stats()).toMatchObject({ done: 500, failed: 0 });
  });

  test('terminate() rejects pending calls', async () => {
    await withGate(async (gate) => {
      const other = create();
      const calls = [other.apply(waitAt, [gate.port]), other.map(waitAt, Array(40).fill(gate.port))];
      const outcomes = Promise.allSettled(calls);
      await gate.arrived(1);
      other.terminate();
      const names = (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.name);
      expect(names).toEqual(['PoolTerminatedError', 'PoolTerminatedError']);
      await other.join();
    });
  });
});
