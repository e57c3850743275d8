// Each apply() returns a promise, so Promise.all waits for several calls.
import { readFile } from 'node:fs/promises';
import { isMainProcess, Pool } from 'aiomultiprocess';

export async function countLines(path) {
  return (await readFile(path, 'utf8')).split('\n').length - 1;
}

export async function countTo(limit) {
  let sum = 0;
  for (let value = 1; value <= limit; value++) sum += value;
  return sum;
}

export async function greet(name, greeting) {
  return `${greeting}, ${name}!`;
}

if (isMainProcess) {
  await Pool.using({ processes: 2 }, async (pool) => {
    const [lines, sum, text] = await Promise.all([
      pool.apply(countLines, [import.meta.filename]),
      pool.apply(countTo, [1_000_000]),
      pool.apply(greet, ['world', 'Hello']),
    ]);
    console.log(`this file has ${lines} lines`);
    console.log(`the sum of the numbers up to a million is ${sum}`);
    console.log(text);
  });
}
