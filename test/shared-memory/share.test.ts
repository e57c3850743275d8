/** Values that are shared once and read in many processes. */
import { isDeepStrictEqual } from 'node:util';
import { Manager, Pool, Process, type Shared, SharedMemoryError, share, Worker } from 'aiomultiprocess';
import fc from 'fast-check';
import { differs } from '../fixtures/ipc/compare.mjs';
import { anyDescription, build } from '../fixtures/ipc/values.mjs';
import {
  countObjects,
  disposeHere,
  passOn,
  pid,
  read,
  readAll,
  readAt,
  readKept,
  readKeptValue,
  readPart,
  setUp,
  setUpUnread,
  shareHere,
  Table,
  write,
} from '../fixtures/shared-memory/tasks.js';
import { createPool } from '../support/pool.ts';
import { reasonOf } from '../support/reason.ts';

const pool = createPool({ processes: 2 });

const large = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, index) => index * 7));

describe('a value arrives as it was', () => {
  const bytes = new Uint8Array(large(300_001));
  const floats = Float64Array.from({ length: 100_000 }, (_, index) => index / 3);
  const cyclic: { self?: unknown; bytes: Buffer } = { bytes: large(300_000) };
  cyclic.self = cyclic;
  test.each<[string, unknown]>([
    ['a small Buffer', Buffer.from('abc')],
    ['a large Buffer', large(5_000_001)],
    ['a Buffer that is a part of another', large(2_000_000).subarray(3, 900_000)],
    ['a typed array', floats],
    ['a typed array of many 64 KiB', new Int32Array(1 << 20).fill(-5)],
    ['a part of a typed array', floats.subarray(7, 90_001)],
    ['big integers', new BigUint64Array(50_000).fill(2n ** 63n)],
    ['a DataView', new DataView(large(400_000).buffer, 8, 300_000)],
    ['an ArrayBuffer', bytes.buffer],
    ['an ArrayBuffer of many 64 KiB', new ArrayBuffer(1 << 19)],
    ['a resizable ArrayBuffer', new ArrayBuffer(300_000, { maxByteLength: 400_000 })],
    ['objects with binary parts', { a: large(300_000), b: [floats, floats], c: new Map([['d', large(20_000)]]) }],
    ['a view and its buffer', [bytes, bytes.buffer]],
    ['many parts of every size', Array.from({ length: 50 }, (_, index) => large(index * 11_000))],
    ['a cycle', cyclic],
    ['a map', new Map<unknown, unknown>(Array.from({ length: 1000 }, (_, index) => [`key ${index}`, { index }]))],
    ['an error', new RangeError('text', { cause: new Set([1n, -0]) })],
    ['a text', 'aé漢😀'.repeat(10_000)],
    ['undefined', undefined],
    ['minus zero', -0],
  ])('%s', async (_, value) => {
    using shared = share(value);
    expect(isDeepStrictEqual(shared.value, value)).toBe(true);
    expect(isDeepStrictEqual(await pool.apply(read, [shared]), value)).toBe(true);
  });

  test('any value', () => {
    fc.assert(
      fc.property(anyDescription, (description) => {
        const value = build(description);
        using shared = share(value);
        expect(differs(shared.value, value)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});

test('later changes of the original do not count', async () => {
  const original = { bytes: large(1_000_000), list: [1] };
  using shared = share(original);
  original.bytes.fill(0);
  original.list.push(2);
  const received = (await pool.apply(read, [shared])) as typeof original;
  expect([received.bytes[1], received.list]).toEqual([7, [1]]);
  expect([shared.value.bytes[1], shared.value.list]).toEqual([7, [1]]);
});

test.each([
  ['a Buffer', large(1_000_000)],
  ['a typed array', new Uint8Array(large(1_000_000))],
  ['a list', [0, 7]],
])('a process that changes %s does so for its own tasks only', async (_, value) => {
  using shared = share<Buffer | Uint8Array | number[]>(value);
  shared.value[1] = 1;
  const [writer, written] = await pool.apply(write, [shared, 1, 99]);
  expect(written).toBe(99);
  const pids = await pool.broadcast(pid);
  const values = await pool.broadcast(readAt, [shared, 1]);
  expect(values).toEqual(pids.map((each) => (each === writer ? 99 : 7)));
  expect(shared.value[1]).toBe(1);
});

test('all tasks of a process find the same object', async () => {
  using shared = share({ list: [1, 2], bytes: large(300_000) });
  const counts = await pool.starmap(countObjects, Array(2000).fill([shared]));
  const counted = new Map(counts as [number, number][]);
  expect([...counted.values()]).toEqual(Array(counted.size).fill(1));
  expect(shared.value).toBe(shared.value);
});

describe('it travels', () => {
  test('as a part of another value, also of another shared one', async () => {
    using shared = share('inner');
    expect(await pool.apply(readPart, [{ list: [shared] }])).toBe('inner');
    expect(await pool.apply(readPart, [{ list: [shared, shared], other: -0 }])).toBe('inner');
    using outer = share({ list: [shared] });
    expect(outer.value.list[0]).toBe(shared);
    const [received] = ((await pool.apply(read, [outer])) as { list: Shared<string>[] }).list;
    expect(received).toBe(shared);
  });

  test('to an initializer', async () => {
    using shared = share(large(300_000));
    await Pool.using({ processes: 1, initializer: setUp, initargs: [shared] }, async (other) => {
      expect(await other.apply(readKept, [1])).toBe(7);
    });
  });

  test('to a Process and a Worker', async () => {
    using shared = share(large(300_000));
    expect(await new Worker({ target: readAt, args: [shared, 1] })).toBe(7);
    const process = new Process({ target: readAt, args: [shared, 1] });
    await process;
    expect(process.exitcode).toBe(0);
  });

  test('to a stream', async () => {
    using shared = share(['a', 'b']);
    const items: string[] = [];
    for await (const item of pool.stream(readAll, [shared])) items.push(item as string);
    expect(items).toEqual(['a', 'b']);
  });

  test('through the objects of a manager', async () => {
    using shared = share(new Map([['a', 1]]));
    await Manager.using({}, async (manager) => {
      const queue = manager.queue<Shared<Map<string, number>>>();
      await queue.put(shared);
      expect(await queue.get()).toBe(shared);
      const table = manager.register('Table', Table)();
      await table.load(shared);
      expect(await table.get('a')).toBe(1);
    });
  });

  test('there and back, and is the same object again', async () => {
    using shared = share(large(300_000));
    expect(await pool.apply(passOn, [shared])).toBe(shared);
  });

  test('from a child, which owns it', async () => {
    const bytes = large(300_000);
    const shared = (await pool.apply(shareHere, [bytes])) as Shared<Buffer>;
    expect(differs(shared.value, bytes)).toBeUndefined();
    shared.dispose();
    expect(shared.value[1]).toBe(7);
    expect(await pool.starmap(readAt, Array(10).fill([shared, 1]))).toEqual(Array(10).fill(7));
  });
});

describe('after dispose()', () => {
  const disposed = expect.objectContaining({
    code: 'ERR_AIOMULTIPROCESS_SHARED_MEMORY',
    message: expect.stringContaining('was disposed'),
  });

  test('the value can be neither read nor sent', async () => {
    const shared = share(large(300_000));
    void shared.value;
    shared.dispose();
    shared.dispose();
    expect(() => shared.value).toThrow(disposed);
    expect(await reasonOf(pool.apply(readAt, [shared, 1]))).toEqual(disposed);
    expect(await reasonOf(pool.apply(readPart, [{ list: [shared, shared] }]))).toEqual(disposed);
    expect(await pool.apply(pid)).toEqual(expect.any(Number));
  });

  test('using does the same at the end of its scope', () => {
    let kept: Shared<number>;
    {
      using shared = share(1);
      kept = shared;
    }
    expect(() => kept.value).toThrow(SharedMemoryError);
  });

  test('a process that has read the value keeps it, and another cannot open it', async () => {
    const shared = share(large(300_000));
    await Pool.using({ processes: 1, initializer: setUp, initargs: [shared] }, async (reader) => {
      await Pool.using({ processes: 1, initializer: setUpUnread, initargs: [shared] }, async (late) => {
        await Promise.all([reader.ready(), late.ready()]);
        shared.dispose();
        expect(await reader.apply(readKept, [1])).toBe(7);
        expect(await reasonOf(late.apply(readKeptValue, [1]))).toMatchObject({
          name: 'SharedMemoryError',
          message: expect.stringMatching(
            /^shared memory cannot be opened: process \d+, which owns it, has disposed it or ended/,
          ),
        });
      });
    });
  });

  test('which a process calls that does not own it, nothing has changed', async () => {
    using shared = share(large(300_000));
    expect(await pool.apply(disposeHere, [shared, 1])).toBe(7);
    expect(await pool.broadcast(readAt, [shared, 1])).toEqual([7, 7]);
  });
});

test('when the owner has ended, the value cannot be opened; a process that has read it keeps it', async () => {
  const [known, unknown] = await Pool.using({ processes: 1 }, async (owners) => {
    const both = await owners.map(shareHere, [large(300_000), large(300_000)]);
    void both[0]?.value;
    return both as [Shared<Buffer>, Shared<Buffer>];
  });
  expect(() => unknown.value).toThrow(SharedMemoryError);
  expect(known.value[1]).toBe(7);
  expect(await reasonOf(pool.apply(readAt, [known, 1]))).toBeInstanceOf(SharedMemoryError);
});

test.each<[unknown, string]>([
  [() => {}, 'value'],
  [{ list: [{ callback() {} }] }, 'value.list[0].callback'],
  [new Map([['a', Symbol('b')]]), 'value.get("a")'],
])('a value that cannot be sent is refused at once, with the path of the part (%#)', (value, path) => {
  expect(() => share(value)).toThrow(
    expect.objectContaining({ name: 'SerializationError', path, message: expect.stringMatching(/^value.* cannot be/) }),
  );
});
