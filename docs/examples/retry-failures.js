// Retries the failed items, found with Promise.allSettled, until all succeed.
import { isMainProcess, Pool } from 'aiomultiprocess';

export async function unreliable(value) {
  if (Math.random() < 0.4) throw new Error(`no luck with ${value}`);
  return value * value;
}

if (isMainProcess) {
  await Pool.using({ processes: 2 }, async (pool) => {
    const squares = new Map();
    let open = Array.from({ length: 20 }, (_, index) => index);
    for (let round = 1; open.length > 0; round++) {
      const settled = await Promise.allSettled(open.map((value) => pool.apply(unreliable, [value])));
      const failed = open.filter((_, index) => settled[index].status === 'rejected');
      for (const [index, { value }] of settled.entries()) {
        if (value !== undefined) squares.set(open[index], value);
      }
      console.log(`round ${round}: ${open.length} tasks, ${failed.length} failed`);
      open = failed;
    }
    console.log(`${squares.size} squares; 19 squared is ${squares.get(19)}`);
  });
}
