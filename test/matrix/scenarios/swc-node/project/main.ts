import { isMainProcess, Pool, task } from 'aiomultiprocess';
import { double } from './tasks';

const marked = task(__filename, async (n: number): Promise<number> => n + 10);

if (isMainProcess) {
  Pool.using({ processes: 2 }, async (pool) => {
    console.log(String(await pool.map(double, [1, 2])), String(await pool.map(marked, [1, 2])));
  });
}
