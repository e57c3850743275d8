import { readdirSync, readlinkSync } from 'node:fs';
import { Manager, ManagerClosedError, Pool, SerializationError, Worker } from 'aiomultiprocess';
import {
  block,
  call,
  consume,
  consumeAll,
  countUnderLock,
  createManager as createInChild,
  echo,
  incrementMany,
  initShared,
  makeNested,
  measureMemory,
  produce,
  setInitialised,
  updateMany,
} from '../fixtures/manager/clients.js';
import { createManager } from '../support/manager.ts';
import { createPool } from '../support/pool.ts';
import { runProgram } from '../support/program.ts';

const manager = createManager();
const pool = createPool({ processes: 2 });
const range = (length: number) => Array.from({ length }, (_, index) => index);
const ascending = (items: number[][]) => items.flat().toSorted((a, b) => a - b);

describe('the program of the article', () => {
  test('works with one producer, five consumers, and an end signal that each puts back', async () => {
    const queue = manager.queue<{ item: number } | null>({ maxSize: 10 });
    const consumers = range(5).map(() => pool.apply(consume, [queue]));
    await pool.apply(produce, [queue, 500, null]);
    expect(ascending(await Promise.all(consumers))).toEqual(range(500));
    expect(await queue.size()).toBe(1);
  });

  test('works with for await and close()', async () => {
    const queue = manager.queue<{ item: number }>({ maxSize: 10 });
    const consumers = range(5).map(() => pool.apply(consumeAll, [queue]));
    await pool.apply(produce, [queue, 500, 'close']);
    expect(ascending(await Promise.all(consumers))).toEqual(range(500));
    expect(await queue.empty()).toBe(true);
  });
});

describe('a proxy is a plain value', () => {
  test('as an argument, in a result, and inside values of all kinds', async () => {
    const queue = manager.queue<string>();
    const sent = {
      queue,
      list: [queue],
      map: new Map([['queue', { queue }]]),
      error: new Error('x', { cause: queue }),
    };
    const got = await pool.apply(echo, [sent]);
    await got.queue.put('a');
    await got.list[0]?.put('b');
    await got.map.get('queue')?.queue.put('c');
    await (got.error.cause as typeof queue).put('d');
    expect(await Promise.all(range(4).map(() => queue.get()))).toEqual(['a', 'b', 'c', 'd']);
    expect(got.list[0]).toBe(got.queue);
    expect(got.queue).toBeInstanceOf(queue.constructor);
  });

  test('as an item in another shared object', async () => {
    const inner = manager.value(1);
    const outer = manager.queue<{ inner: typeof inner }>();
    await pool.apply(call, [outer, 'put', [{ inner }]]);
    await (await outer.get()).inner.set(2);
    expect(await inner.get()).toBe(2);
  });

  test('as an argument of an initializer, of a Worker, and in a grandchild', async () => {
    const event = manager.event();
    await Pool.using({ processes: 1, initializer: initShared, initargs: [event] }, (other) =>
      other.apply(setInitialised),
    );
    expect(await event.isSet()).toBe(true);
    const queue = manager.queue<string>();
    await new Worker({ target: call, args: [queue, 'put', ['from a worker']] });
    await new Worker({ target: makeNested, args: [queue] });
    expect([await queue.get(), await queue.get()]).toEqual(['from a worker', 'from a grandchild']);
  });

  test('that does not reveal the key', () => {
    const lock = manager.lock();
    expect(JSON.stringify(lock)).toBe('{}');
    expect(Object.keys(lock).length).toBe(0);
  });

  test('usable before the server has started', async () => {
    await Manager.using({}, async (fresh) => {
      expect(await pool.apply(call, [fresh.value(7), 'get'])).toBe(7);
    });
  });

  test('of a manager created inside a task', async () => {
    expect(await pool.apply(createInChild)).toBe(42);
  });

  test('in a program that has not created a manager itself', async () => {
    expect(await runProgram('manager-of-child.mjs')).toEqual({ code: 0, stdout: 'from the child\n', stderr: '' });
  });
});

describe('a stored value keeps its type and contents', () => {
  const date = new Date(0);
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const sparse: unknown[] = [1];
  sparse[2] = 3;
  test.each([
    [-0],
    [Number.NaN],
    [2n ** 80n],
    ['\ud800 \ufeff'],
    [undefined],
    [null],
    [{ at: date, tags: new Set(['a']), map: new Map([[{}, [1, undefined]]]) }],
    [cyclic],
    [sparse],
    [Buffer.alloc(20_000, 'bytes')],
    [Buffer.from('small')],
    [new Float64Array([1, -0])],
    [Object.assign(new RangeError('message'), { code: 'E', cause: new TypeError('cause') })],
  ])('%p', async (value) => {
    const shared = manager.value<unknown>(value);
    expect(await pool.apply(call, [shared, 'get'])).toEqual(value);
    const list = manager.list([value]);
    expect(await list.slice()).toEqual([value]);
    const queue = manager.queue<unknown>();
    await pool.apply(call, [queue, 'put', [value]]);
    const got = await queue.get();
    expect(got).toEqual(value);
    expect(Buffer.isBuffer(got)).toBe(Buffer.isBuffer(value));
  });

  test('two reads never return the same object', async () => {
    const list = manager.list([{ n: 1 }]);
    const [first, second] = [await list.get(0), await list.get(0)];
    expect(first).toEqual(second);
    expect(first).not.toBe(second);
  });

  test('a value that cannot be serialized fails its own call only', async () => {
    const queue = manager.queue<unknown>();
    await expect(queue.put({ deep: [() => {}] })).rejects.toMatchObject({ path: 'item.deep[0]' });
    await expect(queue.put(Symbol('no'))).rejects.toThrow(SerializationError);
    expect(() => manager.list([() => {}])).toThrow(SerializationError);
    await queue.put('next');
    expect(await queue.get()).toBe('next');
  });
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a process has one connection for any number of objects and calls', async () => {
  const countSockets = () => {
    const folder = `/proc/${manager.pid}/fd/`;
    return readdirSync(folder).filter((fd) => readlinkSync(folder + fd).startsWith('socket:')).length;
  };
  const values = range(5).map((value) => manager.value(value));
  await values[0]?.get();
  const before = countSockets();
  await Pool.using({ processes: 1 }, async (fresh) => {
    const all = values.flatMap((value) => range(4).map(() => fresh.apply(call, [value, 'get'])));
    expect(await Promise.all(all)).toEqual(range(5).flatMap((value) => Array(4).fill(value)));
    expect(countSockets()).toBe(before + 1);
  });
});

test('a process connects even if it is busy for longer than the handshake time limit', async () => {
  const queue = manager.queue<number>();
  await queue.size();
  await Pool.using({ processes: 1 }, async (fresh) => {
    const put = fresh.apply(call, [queue, 'put', [1]]);
    await Promise.all([put, fresh.apply(block, [6000])]);
    await fresh.apply(call, [queue, 'put', [2]]);
  });
  expect([await queue.get(), await queue.get()]).toEqual([1, 2]);
});

describe('eight processes reach exact totals', () => {
  const many = createPool({ processes: 8, childConcurrency: 1 });

  test('with a lock, with update and with increment', async () => {
    const [lock, locked, incremented] = [manager.lock(), manager.value(0), manager.value(0)];
    const map = manager.map<string, number>();
    await Promise.all([
      ...range(8).map(() => many.apply(countUnderLock, [lock, locked, 50])),
      ...range(8).map(() => many.apply(incrementMany, [incremented, 10_000])),
      ...range(8).map(() => many.apply(updateMany, [map, 'key', 50])),
    ]);
    expect([await locked.get(), await incremented.get(), await map.get('key')]).toEqual([400, 80_000, 400]);
  });
});

describe('invalid input fails where it is passed', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['an unknown option', () => new Manager({ size: 1 } as never), /Manager: unknown option "size"/],
    [
      'an invalid size',
      () => manager.queue({ maxSize: -1 }),
      /queue: option "maxSize": expected an integer of at least 0/,
    ],
    ['an invalid order', () => manager.queue({ order: 'random' as never }), /"fifo", "lifo" or "priority"/],
    ['an invalid count', () => manager.barrier(0), /barrier: parties: expected an integer of at least 1, got 0/],
    ['a key that is an object', () => manager.map([[{} as never, 1]]), /a key of a shared map must be a primitive/],
  ])('%s', (_what, run, message) => {
    expect(run).toThrow(message);
  });

  test('in calls', async () => {
    const queue = manager.queue();
    await expect(queue.get({ timeout: -1 })).rejects.toThrow('get: option "timeout": expected milliseconds');
    await expect(queue.put(1, { prio: 1 } as never)).rejects.toThrow('put: unknown option "prio"');
    await expect(manager.list().get(0.5)).rejects.toThrow('get: expected an integer, got 0.5');
    await expect(manager.map().get(Symbol() as never)).rejects.toThrow(TypeError);
    await expect(manager.list().set(0, 1)).rejects.toThrow('set(): index 0 is out of range; the list has 0 items');
    await expect(manager.value('text').increment(1 as never)).rejects.toThrow('increment() expects two numbers');
  });
});

describe('close()', () => {
  test('rejects pending and later calls, here and in other processes', async () => {
    const closing = new Manager();
    const queue = closing.queue();
    const waiting = pool.apply(call, [queue, 'get']).catch((error: unknown) => error);
    const here = queue.get().catch((error: unknown) => error);
    await pool.apply(call, [queue, 'size']);
    await closing.close();
    expect(await here).toBeInstanceOf(ManagerClosedError);
    expect(await waiting).toBeInstanceOf(ManagerClosedError);
    await expect(queue.put(1)).rejects.toThrow('the manager is closed: close() was called');
    await expect(pool.apply(call, [queue, 'size'])).rejects.toThrow(ManagerClosedError);
    expect(() => closing.queue()).toThrow(ManagerClosedError);
    await closing.close();
  });

  test('frees the memory that other processes used for it', async () => {
    await Pool.using({ processes: 1, execArgv: ['--expose-gc'] }, async (fresh) => {
      const sizes: number[] = [];
      while (sizes.length < 12) {
        await Manager.using({}, async (closing) => sizes.push(await fresh.apply(measureMemory, [closing.value(0)])));
      }
      // One connection has buffers of 128 KiB. V8 frees memory in the background, so some measurements come too early.
      expect(Math.min(...sizes.slice(5)) - Math.min(...sizes.slice(0, 2))).toBeLessThan(256 * 1024);
    });
  }, 60_000);

  test('of an unused manager does not start a process', async () => {
    await using unused = new Manager();
    expect(unused.pid).toBeUndefined();
  });
});
