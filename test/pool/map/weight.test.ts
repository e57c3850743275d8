/** Maps with weights: the heaviest items run first. */
import { Pool } from 'aiomultiprocess';
import { waitAt } from '../../fixtures/pool/gate.js';
import { note, readNotes } from '../../fixtures/pool/limited.js';
import { add, double } from '../../fixtures/pool/tasks.js';
import { withGate } from '../../support/gate.ts';

/** Runs the calls of `body` behind a task that holds the only slot. @returns the order in which they ran. */
function orderOf(body: (pool: Pool) => Promise<unknown>[]): Promise<unknown[]> {
  return withGate((gate) =>
    Pool.using({ processes: 1, childConcurrency: 1 }, async (pool) => {
      const running = pool.apply(waitAt, [gate.port]);
      await gate.arrived(1);
      const calls = body(pool);
      gate.open();
      await Promise.all([running, ...calls]);
      return await pool.apply(readNotes);
    }),
  );
}

test('the heaviest items run first, equal ones in their order, and results come in the order of the input', async () => {
  const items = [3, 10, 11, 7, 30];
  let results: unknown;
  const order = await orderOf((pool) => [
    (async () => {
      results = await pool.map(note, items, { weight: (item) => Math.min(item, 10) });
    })(),
  ]);
  expect(order).toEqual([10, 11, 30, 7, 3]);
  expect(results).toEqual(items);
});

test('starmap() passes the list of arguments to weight', async () => {
  const order = await orderOf((pool) => [pool.starmap(note, [[1], [9], [4]], { weight: (args) => args[0] }).settled()]);
  expect(order).toEqual([9, 4, 1]);
});

test('a priority comes before weights', async () => {
  const weight = (item: number) => item;
  const order = await orderOf((pool) => [
    pool.map(note, [5, 90], { weight }).settled(),
    pool.map(note, [1, 2], { weight, priority: 1 }).settled(),
  ]);
  expect(order).toEqual([2, 1, 90, 5]);
});

test('results are there one by one in the order of the input, also of a Set, a Map and a typed array', () =>
  Pool.using({ processes: 2, maxQueueSize: 1 }, async (pool) => {
    const weight = (item: number) => item;
    const inOrder: number[] = [];
    for await (const value of pool.map(double, [1, 2, 3, 4], { weight })) inOrder.push(value);
    expect(inOrder).toEqual([2, 4, 6, 8]);
    const arrived: [number, number][] = [];
    const results = pool.map(double, new Float32Array([1, 2, 3]), { weight });
    for await (const { index, value } of results.unordered()) arrived[index] = [index, value];
    expect(arrived).toEqual([
      [0, 2],
      [1, 4],
      [2, 6],
    ]);
    expect(await results).toEqual([2, 4, 6]);
    expect(await pool.map(double, new Set([5, 6]), { weight })).toEqual([10, 12]);
    expect(await pool.starmap(add, new Map([[1, 2]]), { weight: ([key]) => key })).toEqual([3]);
    expect(await pool.map(double, [], { weight })).toEqual([]);
    const outcomes = await pool
      .map(double, [1, 'x', 3] as number[], { weight: (item) => (item === 1 ? 0 : 1) })
      .settled();
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  }));

test('items that may never end are refused at once', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    function* endless() {
      for (let item = 0; ; item++) yield item;
    }
    async function* arriving() {
      yield 1;
    }
    const weight = () => 1;
    expect(() => pool.map(double, endless(), { weight })).toThrow(
      /^map: option "weight" sorts the items, so all of them must be there: .*\[\.\.\.items\]$/,
    );
    expect(() => pool.starmap(double, arriving() as never, { weight })).toThrow(
      /^starmap: .*Array\.fromAsync\(items\)/,
    );
    expect(() => pool.map(double, undefined as never, { weight })).toThrow(TypeError);
  }));

test.each([
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  ['3', 'string'],
  [undefined, 'undefined'],
])('the weight %s is refused', (value, given) =>
  Pool.using({ processes: 1 }, async (pool) => {
    const weight = (item: number) => (item === 2 ? (value as number) : 1);
    expect(() => pool.map(double, [1, 2], { weight })).toThrow(
      new TypeError(`map: option "weight": expected a finite number for item 1, got ${given}`),
    );
  }),
);

test('what weight throws is thrown, and lists of arguments are checked before the first task', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    const weight = () => {
      throw new RangeError('no weight');
    };
    expect(() => pool.map(double, [1], { weight })).toThrow(new RangeError('no weight'));
    expect(() => pool.map(double, [1], { weight: 3 as never })).toThrow(
      'map: option "weight": expected a function, got 3',
    );
    expect(() => pool.starmap(double, [[1], 2 as never], { weight: () => 1 })).toThrow(TypeError);
    expect(pool.stats()).toMatchObject({ queued: 0, running: 0, done: 0 });
  }));
