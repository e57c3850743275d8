import { Pool } from 'aiomultiprocess';
import { double } from './tasks';

test('a pool runs an exported function', async () => {
  expect(await Pool.using({ processes: 2 }, (pool) => pool.map(double, [1, 2, 3]))).toEqual([2, 4, 6]);
});
