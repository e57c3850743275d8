import { InvalidStateError, Pool } from 'aiomultiprocess';
import { failIfOdd, throwRangeError } from '../../fixtures/pool/failing.js';
import { waitAt, waitIfZero } from '../../fixtures/pool/gate.js';
import { countHeldBytes, double } from '../../fixtures/pool/tasks.js';
import { makeBuffer } from '../../fixtures/shared-memory/values.js';
import { withGate } from '../../support/gate.ts';
import { createPool } from '../../support/pool.ts';
import { until } from '../../support/until.ts';

const pool = createPool({ processes: 2 });

/** All natural numbers, with the count produced and whether the consumer has stopped. */
function naturals() {
  const source = {
    produced: 0,
    stopped: false,
    *[Symbol.iterator]() {
      try {
        for (;;) yield source.produced++;
      } finally {
        source.stopped = true;
      }
    },
  };
  return source;
}

async function* later(values: Iterable<number>): AsyncGenerator<number> {
  yield* values;
}

async function toArray<T>(values: AsyncIterable<T>): Promise<T[]> {
  const array: T[] = [];
  for await (const value of values) array.push(value);
  return array;
}

test('a second await resolves to the same array', async () => {
  const result = pool.map(double, [1, 2]);
  const first = await result;
  expect(first).toEqual([2, 4]);
  expect(await result).toBe(first);
});

test('a result over an array can be awaited and iterated any number of times', async () => {
  const result = pool.map(double, [1, 2]);
  expect(await result).toEqual([2, 4]);
  expect(await toArray(result)).toEqual([2, 4]);
  expect(await toArray(result)).toEqual([2, 4]);
  const [left, right] = await Promise.all([toArray(pool.map(double, [1, 2])), toArray(result)]);
  expect([left, right]).toEqual([
    [2, 4],
    [2, 4],
  ]);
});

test('two concurrent iterations over an array each yield all results', async () => {
  const result = pool.map(double, [1, 2, 3]);
  expect(await Promise.all([toArray(result), toArray(result)])).toEqual([
    [2, 4, 6],
    [2, 4, 6],
  ]);
});

test.each<[string, () => Iterable<number> | AsyncIterable<number>]>([
  ['a generator', () => [1, 2].values()],
  ['an async generator', () => later([1, 2])],
])('a second iteration of a result over %s rejects with InvalidStateError', async (_what, create) => {
  const result = pool.map(double, create());
  expect(await toArray(result)).toEqual([2, 4]);
  await expect(toArray(result)).rejects.toBeInstanceOf(InvalidStateError);
});

test('a result over a generator can be awaited twice', async () => {
  const result = pool.map(double, [1, 2].values());
  expect(await result).toEqual([2, 4]);
  expect(await result).toEqual([2, 4]);
});

test('iterating waits for the first result, and unordered() yields results as they complete', () =>
  withGate(async (gate) => {
    const list: [number, number][] = [
      [0, gate.port],
      [1, gate.port],
      [2, gate.port],
    ];
    const unordered = pool.starmap(waitIfZero, list).unordered()[Symbol.asyncIterator]();
    const first = [await unordered.next(), await unordered.next()].map(({ value }) => value);
    expect(first).toHaveLength(2);
    expect(first).toEqual(expect.arrayContaining([1, 2].map((number) => ({ index: number, value: number }))));
    const ordered = pool.starmap(waitIfZero, list);
    const seen: number[] = [];
    const all = (async () => {
      for await (const value of ordered) seen.push(value);
    })();
    await gate.arrived(2);
    await pool.map(double, [1, 2, 3, 4]);
    expect(seen).toEqual([]);
    gate.open();
    expect(await unordered.next()).toEqual({ done: false, value: { index: 0, value: 0 } });
    expect((await unordered.next()).done).toBe(true);
    await all;
    expect(seen).toEqual([0, 1, 2]);
  }));

test('unordered() yields every result once, over arrays and over generators', async () => {
  for (const input of [[5, 6, 7], [5, 6, 7].values()]) {
    const entries = await toArray(pool.map(double, input).unordered());
    expect(entries.toSorted((a, b) => a.index - b.index)).toEqual([
      { index: 0, value: 10 },
      { index: 1, value: 12 },
      { index: 2, value: 14 },
    ]);
  }
});

test('the first failure rejects an awaited result', async () => {
  const result = pool.map(failIfOdd, [2, 4, 5, 6]);
  await expect(result).rejects.toThrow(new RangeError('5 is odd'));
  await expect(result).rejects.toBeInstanceOf(RangeError);
});

test('iterating yields the results before a failure, then throws', async () => {
  const seen: number[] = [];
  const iterate = async () => {
    for await (const value of pool.map(failIfOdd, [2, 4, 5, 6])) seen.push(value);
  };
  await expect(iterate()).rejects.toThrow('5 is odd');
  expect(seen).toEqual([2, 4]);
});

test('settled() resolves to every outcome', async () => {
  const result = pool.map(failIfOdd, [2, 3, 4]);
  expect(await result.settled()).toEqual([
    { status: 'fulfilled', value: 2 },
    { status: 'rejected', reason: expect.objectContaining({ name: 'RangeError', message: '3 is odd' }) },
    { status: 'fulfilled', value: 4 },
  ]);
  expect(await result.settled()).toHaveLength(3);
});

test('settled() resolves to every outcome over a generator', async () => {
  const outcomes = await pool.map(failIfOdd, [2, 3].values()).settled();
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
});

test.each([
  ['an array', () => [2, 3, 4, 5]],
  ['a generator', () => [2, 3, 4, 5].values()],
])('outcomes() yields every outcome of %s with its index, and continues after a failure', async (_what, create) => {
  const failed = (value: number) => expect.objectContaining({ message: `${value} is odd` });
  const expected = [
    { index: 0, status: 'fulfilled', value: 2 },
    { index: 1, status: 'rejected', reason: failed(3) },
    { index: 2, status: 'fulfilled', value: 4 },
    { index: 3, status: 'rejected', reason: failed(5) },
  ];
  expect(await toArray(pool.map(failIfOdd, create()).outcomes())).toEqual(expected);
  const unordered = await toArray(pool.map(failIfOdd, create()).outcomes({ unordered: true }));
  expect(unordered.toSorted((a, b) => a.index - b.index)).toEqual(expected);
});

test('outcomes() yields in input order, or as the tasks end with unordered: true', () =>
  withGate(async (gate) => {
    const list: [number, number][] = [
      [0, gate.port],
      [1, gate.port],
    ];
    const ordered = pool.starmap(waitIfZero, list).outcomes().next();
    const unordered = pool.starmap(waitIfZero, list).outcomes({ unordered: true });
    expect(await unordered.next()).toMatchObject({ value: { index: 1 } });
    gate.open();
    expect(await ordered).toMatchObject({ value: { index: 0 } });
    expect(await unordered.next()).toMatchObject({ value: { index: 0 } });
    expect((await unordered.next()).done).toBe(true);
  }));

test('a loop over outcomes() sets the pace of the input, and a break ends the input', async () => {
  const source = naturals();
  for await (const outcome of pool.map(failIfOdd, source).outcomes()) {
    if (outcome.index === 1000) break;
    expect(outcome.status).toBe(outcome.index % 2 === 0 ? 'fulfilled' : 'rejected');
  }
  expect(source.stopped).toBe(true);
  expect(source.produced).toBeLessThan(5000);
});

test('cancel() rejects an unfinished result with the reason', () =>
  withGate(async (gate) => {
    const result = pool.starmap(waitIfZero, [
      [1, gate.port],
      [0, gate.port],
    ]);
    await gate.arrived(1);
    const reason = new Error('no longer needed');
    result.cancel(reason);
    await expect(result).rejects.toBe(reason);
    expect(await pool.apply(double, [1])).toBe(2);
  }));

test('cancel() without a reason rejects with an AbortError', () =>
  withGate(async (gate) => {
    const result = pool.map(waitAt, [gate.port]);
    await gate.arrived(1);
    result.cancel();
    await expect(result).rejects.toMatchObject({ name: 'AbortError' });
  }));

test('cancel() prevents queued items from starting', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, childConcurrency: 1 }, async (small) => {
      const result = small.map(
        waitAt,
        Array.from({ length: 200 }, () => gate.port),
      );
      await gate.arrived(1);
      result.cancel(new Error('enough'));
      await expect(result).rejects.toThrow('enough');
      gate.open();
      expect(await small.apply(double, [4])).toBe(8);
      // Items on their way to the process may still run: a few, never most.
      expect(gate.arrivals.length).toBeLessThan(100);
    }),
  ));

test('cancel() after the end has no effect', async () => {
  const result = pool.map(double, [1]);
  await result;
  result.cancel(new Error('too late'));
  expect(await result).toEqual([2]);
});

test('cancel() rejects a waiting iteration', () =>
  withGate(async (gate) => {
    const result = pool.map(waitAt, [gate.port]);
    const next = result[Symbol.asyncIterator]().next();
    await gate.arrived(1);
    const reason = new Error('stop');
    result.cancel(reason);
    await expect(next).rejects.toBe(reason);
  }));

test('a loop sets the pace of an endless input, and a break ends the input', async () => {
  const source = naturals();
  let consumed = 0;
  for await (const value of pool.map(double, source)) {
    expect(value).toBe(consumed * 2);
    if (++consumed === 1000) break;
  }
  expect(source.produced).toBeLessThan(20_000);
  expect(source.stopped).toBe(true);
  const { produced } = source;
  await pool.map(double, [1, 2, 3]);
  expect(source.produced).toBe(produced);
});

test('large results over a stream wait up to maxWaitingBytes for a slow consumer', async () => {
  const size = 4_000_000;
  await Pool.using({ processes: 1, childConcurrency: 1, maxWaitingBytes: 3 * size }, async (slow) => {
    const source = naturals();
    const results = slow.map(makeBuffer, repeat(source, size));
    const loop = results[Symbol.asyncIterator]();
    await loop.next();
    // Nothing more comes until the next result is taken.
    await until(async () => {
      const { produced } = source;
      await slow.apply(double, [1]);
      return slow.stats().running === 0 && source.produced === produced;
    });
    expect(source.produced).toBeGreaterThanOrEqual(3);
    // Those that ran already when the limit was reached come in addition.
    expect(source.produced).toBeLessThanOrEqual(8);
    const { produced } = source;
    for (let taken = 0; taken < 20; taken++) expect((await loop.next()).value).toHaveLength(size);
    expect(source.produced).toBeGreaterThan(produced + 10);
    await loop.return();
  });
});

/** The same value for each item. */
function* repeat<T>(items: Iterable<unknown>, value: T): Generator<T> {
  for (const _ of items) yield value;
}

test('a busy process releases the arguments of its finished tasks', async () => {
  const items = (function* () {
    for (let index = 0; index < 20_000; index++) yield new Uint8Array(16_384);
  })();
  const held = await Pool.using({ processes: 1, childConcurrency: 4 }, (one) => one.map(countHeldBytes, items));
  expect(Math.max(...held)).toBeLessThan(45_000_000);
});

test('an endless input pauses while its consumer does not read', async () => {
  const source = naturals();
  const result = pool.map(double, source);
  const iterator = result[Symbol.asyncIterator]();
  await iterator.next();
  await pool.map(
    double,
    Array.from({ length: 2000 }, (_, index) => index),
  );
  const { produced } = source;
  await pool.map(
    double,
    Array.from({ length: 2000 }, (_, index) => index),
  );
  expect(source.produced).toBe(produced);
  await iterator.return?.();
  expect(source.stopped).toBe(true);
});

test('cancel() ends an endless input', async () => {
  const source = naturals();
  const result = pool.map(double, source);
  const next = result[Symbol.asyncIterator]();
  await next.next();
  result.cancel(new Error('enough'));
  const drain = async () => {
    for (;;) if ((await next.next()).done) return;
  };
  await expect(drain()).rejects.toThrow('enough');
  expect(source.stopped).toBe(true);
});

test('an input that throws rejects the result with its error', async () => {
  function* broken(): Generator<number> {
    yield 1;
    throw new RangeError('no more input');
  }
  async function* brokenLater(): AsyncGenerator<number> {
    yield 1;
    throw new RangeError('no more input');
  }
  await expect(pool.map(double, broken())).rejects.toThrow('no more input');
  await expect(pool.map(double, brokenLater())).rejects.toThrow('no more input');
  await expect(toArray(pool.map(double, brokenLater()))).rejects.toThrow('no more input');
});

test.each<[string, () => unknown]>([
  ['a value', () => undefined],
  ['a promise of a value', async () => 5],
])('an input whose next() returns %s instead of an iterator result rejects the result', async (_, next) => {
  const iterable = { [Symbol.asyncIterator]: () => ({ next }) } as unknown as AsyncIterable<number>;
  await expect(pool.map(double, iterable)).rejects.toThrow(
    /^map: iterator\.next\(\) returned (undefined|5); expected an iterator result object$/,
  );
});

test('a loop over an input that throws yields the results of the earlier items first', () =>
  withGate(async (gate) => {
    function* broken(): Generator<number> {
      yield gate.port;
      throw new RangeError('no more input');
    }
    const maps = () => pool.map(waitAt, broken());
    for (const loop of [maps(), maps().unordered(), maps().outcomes(), maps().outcomes({ unordered: true })]) {
      const seen: unknown[] = [];
      const end = (async () => {
        for await (const value of loop) seen.push(value);
      })();
      await gate.arrived(1);
      gate.open();
      await expect(end).rejects.toThrow('no more input');
      expect(seen).toHaveLength(1);
    }
  }));

test('a result works like a promise', async () => {
  expect(await Promise.all([pool.map(double, [1]), pool.apply(double, [2])])).toEqual([[2], 4]);
  expect(await pool.map(double, [1]).then((values) => values.length)).toBe(1);
  expect(
    await pool.map(throwRangeError, ['oops']).then(
      () => 'resolved',
      (error) => (error as Error).message,
    ),
  ).toBe('oops');
});
