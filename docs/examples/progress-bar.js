// A thousand tasks, each of which advances a progress bar.
import { setTimeout } from 'node:timers/promises';
import { isMainProcess, Pool } from 'aiomultiprocess';
import { Presets, SingleBar } from 'cli-progress';

export async function work(value) {
  await setTimeout(10 + Math.random() * 20);
  return value;
}

if (isMainProcess) {
  const bar = new SingleBar({ format: '{bar} {value}/{total}', noTTYOutput: true }, Presets.shades_classic);
  await Pool.using({ processes: 2 }, async (pool) => {
    const values = Array.from({ length: 1000 }, (_, index) => index);
    bar.start(values.length, 0);
    const tasks = values.map(async (value) => {
      const result = await pool.apply(work, [value]);
      bar.increment();
      return result;
    });
    const results = await Promise.all(tasks);
    bar.stop();
    console.log(`${results.length} tasks done`);
  });
}
