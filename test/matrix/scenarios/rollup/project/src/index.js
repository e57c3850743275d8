import { isMainProcess, Pool, task } from 'aiomultiprocess';
import { double, seven } from './tasks.js';

export const marked = task(import.meta.url, async (n) => n + 10);
export { double, seven };

if (isMainProcess) {
  Pool.using({ processes: 2 }, async (pool) => {
    for (const fn of [double, seven, marked]) console.log(String(await pool.map(fn, [1, 2])));
  });
}
