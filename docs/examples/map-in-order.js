// map: the results in input order, each as soon as it arrives.
import { setTimeout } from 'node:timers/promises';
import { isMainProcess, Pool } from 'aiomultiprocess';

export async function double(value) {
  await setTimeout(Math.random() * 200);
  return value * 2;
}

if (isMainProcess) {
  await Pool.using({ processes: 2 }, async (pool) => {
    for await (const value of pool.map(double, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])) console.log(value);
  });
}
