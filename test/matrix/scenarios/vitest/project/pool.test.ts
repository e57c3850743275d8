import { Pool } from 'aiomultiprocess';
import { expect, test } from 'vitest';
import { double } from './tasks.ts';

test('a pool runs an exported function', async () => {
  await using pool = new Pool({ processes: 2 });
  expect(await pool.map(double, [1, 2, 3])).toEqual([2, 4, 6]);
});
