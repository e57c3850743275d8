import { Pool, PoolClosedError, PoolTerminatedError, ProcessExitError, SerializationError } from 'aiomultiprocess';
import {
  count,
  countAndFail,
  countNow,
  giveFunction,
  giveNumber,
  killAfterFirst,
  readEnds,
  readProduced,
  waitForAbort,
} from '../../fixtures/pool/streams.js';
import { double } from '../../fixtures/pool/tasks.js';
import { createPool } from '../../support/pool.ts';

const pool = createPool({ processes: 1 });

/** The items of a stream, and the error that ends it. */
async function drain<T>(stream: AsyncIterable<T>): Promise<{ items: T[]; error: unknown }> {
  const items: T[] = [];
  try {
    for await (const item of stream) items.push(item);
  } catch (error) {
    return { items, error };
  }
  return { items, error: undefined };
}

test('a stream yields all items in order', async () => {
  const numbers = Array.from({ length: 1000 }, (_, index) => index);
  expect(await drain(pool.stream(count, [1000]))).toEqual({ items: numbers, error: undefined });
  expect(await drain(pool.stream(count, [0]))).toEqual({ items: [], error: undefined });
  expect(await drain(pool.stream(countNow, [3]))).toEqual({ items: [0, 1, 2], error: undefined });
});

test('a stream yields items while the generator still runs', async () => {
  const stream = pool.stream(waitForAbort);
  expect(await stream.next()).toEqual({ done: false, value: 'first' });
  await stream.return();
});

test('the generator waits for a slow consumer', async () => {
  const stream = pool.stream(count, [100_000]);
  await stream.next();
  await pool.apply(double, [1]);
  const produced = await pool.apply(readProduced);
  expect(produced).toBeLessThanOrEqual(64);
  for (let index = 0; index < 200; index++) await stream.next();
  expect(await pool.apply(readProduced)).toBeGreaterThan(200);
  expect(await pool.apply(readProduced)).toBeLessThanOrEqual(201 + 64);
  await stream.return();
});

test('breaking out of the loop runs the finally block of the generator', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    for await (const number of pool.stream(count, [100_000])) if (number === 10) break;
    expect(await pool.apply(readEnds)).toEqual(['finally']);
  }));

test('breaking out of the loop aborts the signal of a waiting generator', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    for await (const _ of pool.stream(waitForAbort)) break;
    expect(await pool.apply(readEnds)).toEqual(['AbortError']);
  }));

test('an error of the generator follows the items before it', async () => {
  const { items, error } = await drain(pool.stream(countAndFail, [3]));
  expect(items).toEqual([0, 1, 2]);
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({ message: 'it failed after its items' });
});

test('an item that cannot be sent ends the stream with an error that names its path', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    const { items, error } = await drain(pool.stream(giveFunction));
    expect(items).toEqual([1]);
    expect(error).toBeInstanceOf(SerializationError);
    expect(error).toMatchObject({ path: 'item.callback' });
    expect(await pool.apply(readEnds)).toEqual(['finally']);
  }));

test('a function that does not return an iterable rejects with a TypeError', async () => {
  const { error } = await drain(pool.stream(giveNumber as never));
  expect(error).toMatchObject({
    name: 'TypeError',
    message: expect.stringMatching(/^stream: the function must return/),
  });
});

test('the death of the process ends the stream after the items already written', async () => {
  const { items, error } = await drain(pool.stream(killAfterFirst));
  expect(items).toEqual(['first']);
  expect(error).toBeInstanceOf(ProcessExitError);
});

test('aborting its signal ends a stream', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    const controller = new AbortController();
    const stream = pool.stream(waitForAbort, [], { signal: controller.signal });
    await stream.next();
    controller.abort(new Error('enough'));
    await expect(stream.next()).rejects.toThrow('enough');
    expect(await pool.apply(readEnds)).toEqual(['AbortError']);
    await expect(pool.stream(count, [1], { signal: AbortSignal.abort() }).next()).rejects.toThrow('aborted');
  }));

test('a stream that is not iterated does not start and does not delay join()', async () => {
  const pool = new Pool({ processes: 1 });
  const stream = pool.stream(count, [10]);
  pool.close();
  await pool.join();
  await stream.return();
});

test('join() waits for an unread stream, whose items and error remain readable', async () => {
  const pool = new Pool({ processes: 1, childConcurrency: 2 });
  const [begun, other] = [pool.stream(count, [5000]), pool.stream(countAndFail, [5000])];
  await begun.next();
  for (let read = 0; read < 100; read++) await other.next();
  pool.close();
  await pool.join();
  expect((await drain(begun)).items).toEqual(Array.from({ length: 4999 }, (_, index) => index + 1));
  const { items, error } = await drain(other);
  expect(items).toHaveLength(4900);
  expect(error).toBeInstanceOf(RangeError);
});

test('join() waits for a stream that has not reached a process yet', async () => {
  const pool = new Pool({ processes: 1, childConcurrency: 1 });
  const streams = [pool.stream(count, [500]), pool.stream(count, [500])];
  const first = Promise.all(streams.map((stream) => stream.next()));
  pool.close();
  await pool.join();
  expect(await first).toEqual(streams.map(() => ({ done: false, value: 0 })));
  for (const stream of streams) expect((await drain(stream)).items).toHaveLength(499);
});

test('a stream first iterated after close() rejects with PoolClosedError', async () => {
  const pool = new Pool({ processes: 1 });
  const stream = pool.stream(count, [10]);
  pool.close();
  await pool.join();
  await expect(stream.next()).rejects.toBeInstanceOf(PoolClosedError);
});

test('terminate() ends a stream with PoolTerminatedError', async () => {
  const pool = new Pool({ processes: 1 });
  const stream = pool.stream(waitForAbort);
  await stream.next();
  const next = stream.next();
  pool.terminate();
  await expect(next).rejects.toBeInstanceOf(PoolTerminatedError);
  await pool.join();
});

test('an aborted stream rejects at once, before its buffered items', async () => {
  const controller = new AbortController();
  const stream = pool.stream(count, [100_000], { signal: controller.signal });
  await stream.next();
  await pool.apply(double, [1]);
  controller.abort(new Error('enough'));
  await expect(stream.next()).rejects.toThrow('enough');
});

test('several streams and calls share a process', async () => {
  const streams = [pool.stream(count, [500]), pool.stream(count, [500]), pool.stream(countNow, [500])];
  const [results, value] = await Promise.all([Promise.all(streams.map(drain)), pool.apply(double, [4])]);
  expect(results.map(({ items }) => items.length)).toEqual([500, 500, 500]);
  expect(value).toBe(8);
});

test('stream() refuses invalid options and arguments', () => {
  expect(() => pool.stream(count, [1], { retries: 1 } as never)).toThrow('unknown option "retries"');
  expect(() => pool.stream(count, 5 as never)).toThrow(/^stream: expected an array/);
});
