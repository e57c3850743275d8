/** A value that cannot be sent in the middle of a batch must not affect the rest of the batch, or later calls. */
import fc from 'fast-check';
import { identity } from '../fixtures/pool/tasks.js';
import { returnSymbolIf } from '../fixtures/reliability/failing.js';
import { createPool } from '../support/pool.ts';

/** Rows of recurring shapes, which the pipe sends by number. */
const rowOf = (id: number) => ({
  id,
  [`key ${id % 5}`]: {
    at: new Date(id),
    tags: ['a', `tag ${id % 3}`],
    inner: { zero: -0, map: new Map([[id, { id }]]) },
  },
});
const withSymbol = (id: number) => ({
  ...rowOf(id),
  [`late ${id % 4}`]: { deep: [1, { list: [{ tag: Symbol('tag') }] }] },
});

const pool = createPool({ processes: 2 });
const batch = (bad: ReadonlySet<number>) =>
  Array.from({ length: 100 }, (_, id) => (bad.has(id) ? withSymbol(id) : rowOf(id)));

async function expectOthers(outcomes: PromiseSettledResult<unknown>[], bad: ReadonlySet<number>, path: RegExp) {
  for (const [id, outcome] of outcomes.entries()) {
    if (!bad.has(id)) {
      expect(outcome).toEqual({ status: 'fulfilled', value: rowOf(id) });
      continue;
    }
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'SerializationError' } });
    expect((outcome as PromiseRejectedResult).reason.path).toMatch(path);
  }
  const later = Array.from({ length: 30 }, (_, id) => rowOf(id + 1000));
  expect(await pool.map(identity, later)).toEqual(later);
}

const badIds = fc.uniqueArray(fc.nat({ max: 99 }), { minLength: 1, maxLength: 5 }).map((ids) => new Set(ids));

test('arguments: the other tasks of the batch and all later calls succeed', async () => {
  const path = /^args\[0\]\["?late \d"?\]\.deep\[1\]\.list\[0\]\.tag$/;
  await fc.assert(
    fc.asyncProperty(badIds, async (bad) => {
      const calls = batch(bad).map((row) => pool.apply(identity<unknown>, [row]));
      await expectOthers(await Promise.allSettled(calls), bad, path);
      await expectOthers(await pool.map(identity<unknown>, batch(bad)).settled(), bad, path);
    }),
    { numRuns: 20 },
  );
});

test('results: the other tasks of the batch and all later calls succeed', async () => {
  await fc.assert(
    fc.asyncProperty(badIds, async (bad) => {
      const calls = batch(new Set()).map((row, id) => pool.apply(returnSymbolIf, [bad.has(id), row]));
      await expectOthers(await Promise.allSettled(calls), bad, /^result\.late\.deep\[0\]\.tag$/);
    }),
    { numRuns: 20 },
  );
});
