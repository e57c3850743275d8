import { Pool } from 'aiomultiprocess';
import { describeKey } from '../../fixtures/pool/current.js';
import { createPool } from '../../support/pool.ts';

const pool = createPool({ processes: 2 });

test('each task has a key of its own, in each pool', async () => {
  const described = await pool.map(describeKey, Array(100).fill(0));
  const other = await Pool.using({ processes: 1 }, (second) => second.apply(describeKey, [0]));
  const keys = [...described, other].map(({ key }) => key);
  expect(new Set(keys).size).toBe(101);
  for (const { id, key } of described) expect(key).toMatch(new RegExp(`^[0-9a-f]{32}-${id}$`));
});

test('a retry has the key of the first attempt, and the tasks around it keep theirs', async () => {
  const numbers = Array.from({ length: 100 }, (_, index) => index);
  const described = await Pool.using({ processes: 1 }, async (single) =>
    single.map(describeKey, numbers, { retries: 1 }),
  );
  expect(new Set(described.map(({ key }) => key)).size).toBe(100);
  for (const [number, { id, key, attempt, firstKey }] of described.entries()) {
    const [, suffix] = key.split('-');
    if (number % 2 === 1) expect([attempt, key]).toEqual([2, firstKey]);
    else expect([attempt, suffix]).toEqual([1, String(id)]);
  }
});
