// Two maps with progress bars, a summary of where the time went, and a trace file.
// Usage: node docs/examples/observe.js [run.json]
import { setTimeout } from 'node:timers/promises';
import { isMainProcess, Pool } from 'aiomultiprocess';

/** Waits like a request and computes like a parser. */
export async function readPage(page) {
  await setTimeout(20 + (page % 7) * 10);
  return compute(page, 500_000);
}

export async function resizeImage(image) {
  return compute(image, 2_000_000);
}

function compute(seed, steps) {
  let sum = seed;
  for (let step = 0; step < steps; step++) sum = (sum * 31 + step) % 65_521;
  return sum;
}

if (isMainProcess) {
  const [, , trace] = process.argv;
  const numbers = Array.from({ length: 200 }, (_, number) => number);
  await Pool.using({ processes: 2, childConcurrency: 4, measure: true, ...(trace && { trace }) }, async (pool) => {
    pool.on('taskFailed', ({ task, args, error }) => console.error(task, args, error));
    await Promise.all([
      pool.map(readPage, numbers, { progress: { label: 'pages ' } }),
      pool.map(resizeImage, numbers.slice(0, 75), { progress: { label: 'images' } }),
    ]);
    const { total, slowest } = pool.insights();
    const life = Object.values(total).reduce((sum, time) => sum + time);
    for (const [name, time] of Object.entries(total)) console.log(name, `${Math.round((time / life) * 100)} %`);
    console.log(`slowest: ${slowest[0].task}(${slowest[0].args})`);
  });
}
