/** Arrays on memory that all processes read and write. */
import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Manager, Pool, type Shared, sharedArray } from 'aiomultiprocess';
import {
  add,
  createArray,
  createArrayAndCollect,
  createArrayAndDie,
  detach,
  fill,
  lengthOf,
  passOn,
  pid,
  setIn,
  shareArrayAndCollect,
  sumOf,
  untilUnmapped,
} from '../fixtures/shared-memory/tasks.js';
import { isRunning } from '../support/alive.ts';
import { withFile } from '../support/folder.ts';
import { createPool } from '../support/pool.ts';
import { reasonOf } from '../support/reason.ts';
import { listRegions } from '../support/shared-memory.ts';
import { until } from '../support/until.ts';

const pool = createPool({ processes: 2, execArgv: ['--expose-gc'] });

test.each<[string, Int32Array | BigInt64Array]>([
  ['Int32Array', sharedArray(Int32Array, 3)],
  ['BigInt64Array', sharedArray(BigInt64Array, 3)],
])(
  'eight processes add a million times each to a counter in an %s, and none is lost',
  async (_, counters) => {
    await Pool.using({ processes: 8 }, async (eight) => {
      await eight.broadcast(add, [counters, 1, 1_000_000]);
    });
    expect([...counters].map(Number)).toEqual([0, 8_000_000, 0]);
  },
  60_000,
);

test.each([
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
])('%p: both sides see what the other writes', async (type) => {
  const array = sharedArray<ArrayLike<number> & ArrayBufferView & { fill(value: number): unknown }>(type as never, 100);
  expect(array).toBeInstanceOf(type);
  expect([array.length, array[0], array.byteOffset]).toEqual([100, 0, 0]);
  expect(await pool.apply(fill, [array, 5])).toEqual([type.name, 0, 100 * type.BYTES_PER_ELEMENT]);
  expect(array[99]).toBe(5);
  array.fill(6);
  expect(((await pool.apply(passOn, [array])) as typeof array)[99]).toBe(6);
});

test('its views share its memory, too: subarrays, other types, Buffers, the ArrayBuffer', async () => {
  const array = sharedArray(Int32Array, 8);
  const part = array.subarray(2, 4);
  expect(await pool.apply(fill, [part, 1])).toEqual(['Int32Array', 8, 8]);
  expect([...array]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  await pool.apply(fill, [new Float64Array(array.buffer, 24, 1), 1]);
  expect(new Float64Array(array.buffer)[3]).toBe(1);
  expect(await pool.apply(fill, [Buffer.from(array.buffer, 0, 4), 255])).toEqual(['Buffer', 0, 4]);
  expect(array[0]).toBe(-1);
  expect(await pool.apply(passOn, [array.buffer])).toBe(array.buffer);
  const view = new DataView(array.buffer, 4, 4);
  const received = (await pool.apply(passOn, [view])) as DataView;
  expect([received.buffer === array.buffer, received.byteOffset, received.byteLength]).toEqual([true, 4, 4]);
});

test('it is a part of other values, to and from objects of a manager, and in results', async () => {
  const array = sharedArray(Float64Array, 4);
  expect(await pool.apply(setIn, [{ list: [array, array.subarray(1)] }, 5])).toBe(true);
  expect([...array]).toEqual([5, 6, 0, 0]);
  await Manager.using({}, async (manager) => {
    const value = manager.value({ array });
    (await value.get()).array[3] = 9;
  });
  expect(array[3]).toBe(9);
  const made = (await pool.apply(createArray, [1000])) as Float64Array;
  expect([made.length, made[999]]).toEqual([1000, 1000]);
});

test('it outlives the process that created it, and can be passed on', async () => {
  const array = await Pool.using({ processes: 1 }, async (creators) => {
    return (await creators.apply(createArray, [1000])) as Float64Array;
  });
  expect(await pool.apply(fill, [array, 7])).toEqual(['Float64Array', 0, 8000]);
  expect(array[999]).toBe(7);
});

test('it arrives although the process that created it has collected its own', async () => {
  await Pool.using({ processes: 1, execArgv: ['--expose-gc'] }, async (creators) => {
    await creators.ready();
    await withFile(async (file) => {
      const call = creators.apply(createArrayAndCollect, [10, file]);
      await nextTurn();
      // The result stays unread in the pipe.
      while (!existsSync(file));
      expect([...((await call) as Float64Array)]).toEqual(Array(10).fill(10));
    });
  });
});

test('it stays in a shared value to which nothing else refers', async () => {
  await Pool.using({ processes: 1, execArgv: ['--expose-gc'] }, async (creators) => {
    const shared = (await creators.apply(shareArrayAndCollect, [10])) as Shared<{ array: Float64Array }>;
    expect(await pool.map(sumOf, Array(4).fill(shared))).toEqual(Array(4).fill(100));
    shared.value.array[0] = 11;
    expect(await pool.apply(sumOf, [shared])).toBe(101);
  });
});

test('an array without elements can be sent', async () => {
  expect(await pool.apply(lengthOf, [sharedArray(Uint8Array, 0)])).toBe(0);
});

test('no attempt to move its memory succeeds, in no version of Node.js', async () => {
  const array = sharedArray(Uint8Array, 100).fill(3);
  expect(detach(array)).toEqual(['TypeError', 'TypeError', 3]);
  expect(await pool.apply(detach, [array])).toEqual(['TypeError', 'TypeError', 3]);
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a process that no longer uses an array unmaps and closes it', async () => {
  await Pool.using({ processes: 1, execArgv: ['--expose-gc'] }, async (creators) => {
    const [creator] = await creators.broadcast(pid);
    const received = (await creators.apply(createArray, [1000])) as Float64Array;
    await creators.apply(lengthOf, [sharedArray(Float64Array, 1000)]);
    expect(listRegions(creator as number).length).toBeGreaterThanOrEqual(2);
    await creators.apply(untilUnmapped);
    await until(() => listRegions(creator as number).length === 0);
    expect(received[999]).toBe(1000);
  });
});

onLinux('an array whose only process has died before it arrives fails its task, and nothing else', async () => {
  await Pool.using({ processes: 1 }, async (creators) => {
    const [creator] = await creators.broadcast(pid);
    const call = creators.apply(createArrayAndDie, [10]);
    const other = creators.apply(pid);
    await nextTurn();
    // The result stays unread in the pipe.
    while (isRunning(creator as number));
    expect(await reasonOf(call)).toMatchObject({
      name: 'SharedMemoryError',
      message: expect.stringContaining('has disposed it or ended'),
    });
    expect(await other).toEqual(expect.any(Number));
  });
});

describe('a wrong argument is refused at once', () => {
  test.each<[unknown, unknown, string]>([
    [Map, 1, 'sharedArray: expected a class of typed arrays, such as Float64Array, got the class Map'],
    [DataView, 1, 'got the class DataView'],
    [Buffer, 1, 'got the class Buffer'],
    ['Int32Array', 1, 'got Int32Array'],
    [undefined, 1, 'got undefined'],
    [Int32Array, -1, 'sharedArray: expected an integer of at least 0 as the length, got -1'],
    [Int32Array, 1.5, 'got 1.5'],
    [Int32Array, '5', 'got 5'],
    [Int32Array, undefined, 'got undefined'],
    [Float64Array, 2 ** 29, 'sharedArray: expected a length of at most 536870400, got 536870912'],
  ])('%p %p', (type, length, message) => {
    expect(() => sharedArray(type as never, length as never)).toThrow(message);
  });
});
