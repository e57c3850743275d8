/** Large values between a program and its processes travel through shared memory. */
import { fstatSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Pool, ProcessExitError, Worker } from 'aiomultiprocess';
import fc from 'fast-check';
import { ProtocolError } from '../../dist/lib/errors.js';
import { BLOCK, RELEASE } from '../../dist/lib/ipc/frame.js';
import {
  countMemory,
  describeAll,
  describeMemory,
  dieUnlessZero,
  echo,
  forge,
  invert,
  listMemory,
  makeBuffer,
  truncateAll,
  yieldBuffers,
} from '../fixtures/shared-memory/values.js';
import { createPool } from '../support/pool.ts';
import { node } from '../support/run.ts';
import { until } from '../support/until.ts';

const THRESHOLD = 64 * 1024;
const pool = createPool({ processes: 2 });

/** Has both processes map their memory. */
async function warmUp(pool: Pool): Promise<void> {
  const bytes = Buffer.alloc(2 * THRESHOLD);
  await until(async () => {
    await pool.map(echo, Array(8).fill(bytes));
    return listMemory().length >= 2 * pool.stats().processes.length && pool.stats().sharedMemory.way === 'mapped';
  });
}

beforeAll(() => warmUp(pool));

const sizes = fc.oneof(
  fc.integer({ min: 0, max: 3 * THRESHOLD }),
  fc.constantFrom(0, 1, THRESHOLD - 1, THRESHOLD, THRESHOLD + 1, 1_000_003, 5_000_000),
);

test('values of any size arrive equal, and independent of those that were sent', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sizes, { minLength: 1, maxLength: 8 }), fc.nat(255), async (lengths, fill) => {
      const sent = lengths.map((length, index) => Buffer.alloc(length, fill + index));
      const copies = sent.map((bytes) => Buffer.from(bytes));
      const received = await pool.map(invert, sent);
      expect(received.map((bytes) => bytes.length)).toEqual(lengths);
      for (const [index, bytes] of received.entries()) {
        const wanted = Buffer.alloc(bytes.length, 255 - ((fill + index) & 255));
        expect(wanted.equals(bytes)).toBe(true);
        bytes.fill(1);
      }
      expect(sent.every((bytes, index) => bytes.equals(copies[index] as Buffer))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('binary parts keep their types, and views of one buffer keep sharing it', async () => {
  const numbers = Float64Array.from({ length: 50_000 }, (_, index) => index / 3);
  const buffer = new ArrayBuffer(300_000);
  const value = {
    numbers,
    list: [new Uint8Array(buffer, 8, 200_000), new DataView(buffer)],
    map: new Map([['big', new BigInt64Array(20_000).fill(7n)]]),
    text: 'x'.repeat(100_000),
  };
  const received = await pool.apply(echo, [value]);
  expect(received).toEqual(value);
  const [view, data] = received.list as [Uint8Array, DataView];
  expect(view.buffer).toBe(data.buffer);
  view[0] = 9;
  expect(data.getUint8(8)).toBe(9);
});

test('items of a stream and the values of a Worker arrive equal', async () => {
  let count = 0;
  for await (const bytes of pool.stream(yieldBuffers, [40, 500_000])) {
    expect(bytes.equals(Buffer.alloc(500_000, count++))).toBe(true);
  }
  expect(count).toBe(40);
  const bytes = Buffer.alloc(3_000_000, 5);
  const result = await new Worker({ target: echo<Buffer>, args: [bytes] });
  expect(bytes.equals(result as Buffer)).toBe(true);
});

test('without shared memory the results are the same', async () => {
  const before = listMemory().length;
  await Pool.using({ processes: 1, sharedMemory: false }, async (piped) => {
    expect((await piped.apply(makeBuffer, [2_000_000])).equals(Buffer.alloc(2_000_000, 7))).toBe(true);
    expect(await piped.apply(countMemory)).toEqual({ own: 0, inherited: 0 });
    expect(listMemory().length).toBeLessThanOrEqual(before);
    expect(piped.stats().sharedMemory).toEqual({ way: 'pipe', used: 0 });
  });
});

test('a value larger than the limit goes through the pipe', async () => {
  await Pool.using({ processes: 1, sharedMemory: { limit: 1_000_000 } }, async (small) => {
    for (const size of [900_000, 1_100_000, 300_000]) {
      const sent = Buffer.alloc(size, size);
      expect(sent.equals(await small.apply(echo<Buffer>, [sent]))).toBe(true);
    }
    const many = Array.from({ length: 50 }, (_, index) => Buffer.alloc(400_000, index));
    expect((await small.map(echo<Buffer>, many)).every((bytes, index) => bytes.equals(many[index] as Buffer))).toBe(
      true,
    );
  });
});

test('a limit above that of a mapping is one of 4 GiB', async () => {
  await Pool.using({ processes: 1, sharedMemory: { limit: Number.MAX_SAFE_INTEGER } }, async (unlimited) => {
    // The first goes through the pipe.
    for (let count = 0; count < 3; count++) await unlimited.apply(echo<Buffer>, [Buffer.alloc(300_000)]);
    expect(unlimited.stats().sharedMemory.way).toBe('mapped');
  });
});

test.each([[{ limit: -1 }], [{ threshold: 0.5 }], [{ size: 1 }], [{ views: 1 }], [true], ['1 MiB']])(
  '%j is refused',
  (sharedMemory) => {
    expect(() => new Pool({ sharedMemory: sharedMemory as never })).toThrow(
      /^Pool: option "sharedMemory": expected `false` or an object with `limit` and `threshold`, numbers of bytes, and `views`, a boolean, got /,
    );
  },
);

describe('with views', () => {
  const LIMIT = 16_000_000;
  const viewing = createPool({ processes: 2, sharedMemory: { views: true, limit: LIMIT } });
  beforeAll(() => warmUp(viewing));

  test('values arrive equal, and independent of each other and of those that were sent', async () => {
    const kept: { bytes: Uint8Array; fill: number }[] = [];
    await fc.assert(
      fc.asyncProperty(fc.array(sizes, { minLength: 1, maxLength: 6 }), fc.nat(250), async (lengths, fill) => {
        const sent = lengths.map((length, index) => Buffer.alloc(length, fill + index));
        const received = await viewing.map(invert, sent);
        expect(sent.every((bytes, index) => bytes.equals(Buffer.alloc(bytes.length, fill + index)))).toBe(true);
        for (const [index, bytes] of received.entries()) {
          expect(Buffer.alloc(lengths[index] as number, 255 - fill - index).equals(bytes)).toBe(true);
          bytes.fill(index);
          // Those that are kept take all of the memory after a while: then values are copied.
          kept.push({ bytes, fill: index });
        }
      }),
      { numRuns: 60 },
    );
    expect(kept.every(({ bytes, fill }) => Buffer.alloc(bytes.length, fill).equals(bytes))).toBe(true);
    expect(kept.some(({ bytes }) => bytes.buffer.byteLength > bytes.length)).toBe(true);
  });

  test('an ArrayBuffer has its own length, and so has that of two views which the value holds itself', async () => {
    const buffer = new ArrayBuffer(100_001);
    const value = { buffer, view: new Uint8Array(buffer, 5), other: new Float64Array(20_000).fill(0.5) };
    const received = await viewing.apply(echo, [value]);
    expect(received).toEqual(value);
    expect(received.buffer.byteLength).toBe(100_001);
    expect(received.view.buffer).toBe(received.buffer);
    expect((await viewing.apply(echo, [buffer])).byteLength).toBe(100_001);
  });

  test('stats() counts the memory of the views that the program keeps', async () => {
    await Pool.using({ processes: 1, sharedMemory: { views: true } }, async (pool) => {
      const kept: Uint8Array[] = [];
      while (pool.stats().sharedMemory.way === 'pipe') kept.push(await pool.apply(makeBuffer, [1_000_000]));
      for (let count = 0; count < 20; count++) kept.push(await pool.apply(makeBuffer, [1_000_000]));
      const viewed = kept.filter(({ buffer, length }) => buffer.byteLength > length);
      expect(viewed.length).toBeGreaterThanOrEqual(20);
      expect(pool.stats().sharedMemory.used).toBeGreaterThanOrEqual(20_000_000);
    });
  });

  test('a small view keeps only its own memory, while its pool is idle and when its process has ended', async () => {
    const program = fileURLToPath(new URL('../fixtures/shared-memory/programs/keep-view.mjs', import.meta.url));
    const { stdout, stderr } = await node(['--expose-gc', program]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      used: expect.any(Number),
      isIdle: true,
      isClosed: true,
      isIntact: true,
      isCollected: true,
    });
    expect(JSON.parse(stdout).used).toBeGreaterThan(50_000_000);
  });

  test('memory is used again when its views are collected', async () => {
    const program = fileURLToPath(new URL('../fixtures/shared-memory/programs/collect-views.mjs', import.meta.url));
    const { stdout, stderr } = await node(['--expose-gc', program]);
    expect(stderr).toBe('');
    const { first, second } = JSON.parse(stdout);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(20);
    expect(second).toBeGreaterThanOrEqual(first);
  });
});

describe('views as an option of a call', () => {
  const SIZE = 100_000;
  const isView = (bytes: Uint8Array) => bytes.buffer.byteLength > bytes.length;
  const sent = Buffer.alloc(SIZE, 3);

  test.each<[string, (options?: { sharedMemory: { views: boolean } }) => Promise<[atTask: boolean, here: boolean]>]>([
    ['apply', async (options) => tell(await pool.apply(describeMemory, [sent], options))],
    ['map', async (options) => tell((await pool.map(describeMemory, [sent], options))[0] as Described)],
    ['starmap', async (options) => tell((await pool.starmap(describeMemory, [[sent]], options))[0] as Described)],
    [
      'stream',
      async (options) => {
        for await (const item of pool.stream(describeAll, [sent], options)) return tell(item);
        throw new Error('no item');
      },
    ],
  ])('%s gets them with it, and copies without', async (_method, call) => {
    await warmUp(pool);
    expect(await call({ sharedMemory: { views: true } })).toEqual([true, true]);
    expect(await call({ sharedMemory: { views: false } })).toEqual([false, false]);
    expect(await call()).toEqual([false, false]);
  });

  test('a call decides against the views of its pool', async () => {
    await Pool.using({ processes: 1, sharedMemory: { views: true } }, async (viewing) => {
      await warmUp(viewing);
      expect(tell(await viewing.apply(describeMemory, [sent]))).toEqual([true, true]);
      const copied = await viewing.apply(describeMemory, [sent], { sharedMemory: { views: false } });
      expect(tell(copied)).toEqual([false, false]);
    });
  });

  test('calls with and without it run side by side, with a time limit too', async () => {
    await warmUp(pool);
    const calls = Array.from({ length: 40 }, async (_, index) => {
      const views = index % 2 === 0;
      const options = { sharedMemory: { views }, timeout: index % 3 === 0 ? 60_000 : 0 };
      expect(tell(await pool.apply(describeMemory, [sent], options))).toEqual([views, views]);
    });
    await Promise.all(calls);
  });

  test.each([[{ limit: 1 }], [{ views: 1 }], [true], [{ views: true, other: 1 }]])('%j is refused', async (option) => {
    const reason = await pool.apply(echo, [1], { sharedMemory: option as never }).catch((error: Error) => error);
    expect(reason).toMatchObject({
      message: expect.stringMatching(/^apply: option "sharedMemory": expected an object with `views`, a boolean, got /),
    });
  });

  type Described = Awaited<ReturnType<typeof describeMemory>>;

  function tell({ isView: atTask, bytes }: Described): [boolean, boolean] {
    expect(bytes.equals(sent)).toBe(true);
    return [atTask, isView(bytes)];
  }
});

test('a program that a task starts does not inherit the memory', async () => {
  expect(await pool.apply(countMemory)).toEqual({ own: 2, inherited: 0 });
});

test('processes that exchange no large values have no memory for them', async () => {
  const before = listMemory().length;
  await Pool.using({ processes: 1 }, async (small) => {
    await small.map(echo, Array(100).fill(Buffer.alloc(10_000)));
    expect(await small.apply(countMemory)).toEqual({ own: 0, inherited: 0 });
    expect(small.stats().sharedMemory).toEqual({ way: 'pipe', used: 0 });
    expect(listMemory().length).toBeLessThanOrEqual(before);
  });
});

test('memory that is not used for a while goes back to the system', async () => {
  const before = listMemory();
  await Pool.using({ processes: 1 }, async (idle) => {
    await warmUp(idle);
    await idle.apply(echo, [Buffer.alloc(2_000_000)]);
    const own = listMemory().filter((fd) => !before.includes(fd));
    const sizes = () => own.map((fd) => fstatSync(Number(fd)).blocks * 512);
    expect(sizes().every((size) => size >= 2_000_000)).toBe(true);
    await until(() => sizes().every((size) => size === 0));
    const sent = Buffer.alloc(1_000_000, 1);
    expect(sent.equals(await idle.apply(echo<Buffer>, [sent]))).toBe(true);
  });
  // That of the pools before may have gone, too.
  expect(listMemory().length).toBeLessThanOrEqual(before.length);
});

test('processes that are killed while large values fly lose nothing, and their memory is freed', async () => {
  const before = listMemory().length;
  await Pool.using({ processes: 2, retries: 0 }, async (fragile) => {
    await warmUp(fragile);
    const items = Array.from({ length: 60 }, (_, index) => Buffer.alloc(700_000, index % 10 === 9 ? 1 : 0));
    const outcomes = await fragile.map(dieUnlessZero<Buffer>, items).settled();
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') expect(outcome.value.equals(items[index] as Buffer)).toBe(true);
      else expect(outcome.reason).toBeInstanceOf(ProcessExitError);
    }
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(6);
    await until(() => fragile.stats().sharedMemory.used === 0);
  });
  expect(listMemory().length).toBeLessThanOrEqual(before);
});

describe('a hostile task cannot hurt the program', () => {
  test.each([
    ['a block at a negative position', BLOCK, [-65_536, 100_000, 0]],
    ['a block of a fractional length', BLOCK, [0, 70_000.5, 0]],
    ['a block of an endless length', BLOCK, [0, Number.POSITIVE_INFINITY, 0]],
    ['a block beyond the limit', BLOCK, [2 ** 40, 100_000, 0]],
    ['a block smaller than any that is sent', BLOCK, [0, 0, 0]],
    ['the release of a block that is not there', RELEASE, [65_536]],
    ['the release of NaN', RELEASE, [Number.NaN]],
  ])('%s ends its process', async (_what, kind, numbers) => {
    await warmUp(pool);
    const reason = await pool.apply(forge, [kind, numbers]).catch((error: unknown) => error);
    expect(reason).toBeInstanceOf(ProcessExitError);
    expect((reason as Error).cause).toBeInstanceOf(ProtocolError);
    expect(await pool.apply(echo, ['fine'])).toBe('fine');
  });

  test('a block before there is memory ends its process', () =>
    Pool.using({ processes: 1 }, async (fresh) => {
      const reason = await fresh.apply(forge, [BLOCK, [0, 100_000, 0]]).catch((error: unknown) => error);
      expect((reason as Error).cause).toBeInstanceOf(ProtocolError);
    }));

  test('it cannot make the memory smaller', async () => {
    await warmUp(pool);
    expect(await pool.apply(truncateAll)).toBe(2);
    const bytes = Buffer.alloc(1_000_000, 3);
    expect(bytes.equals(await pool.apply(echo<Buffer>, [bytes]))).toBe(true);
  });
});
