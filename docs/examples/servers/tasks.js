// The tasks of the two servers.
import { setTimeout } from 'node:timers/promises';
import { currentTask } from 'aiomultiprocess';

/** Computes. */
export function countPrimes(limit) {
  const isComposite = new Uint8Array(limit + 1);
  let count = 0;
  for (let number = 2; number <= limit; number++) {
    if (isComposite[number]) continue;
    count++;
    for (let multiple = number * number; multiple <= limit; multiple += number) isComposite[multiple] = 1;
  }
  return count;
}

/** Waits, for a database or another service. It passes its signal on, and so ends when its caller has gone. */
export async function wait(milliseconds) {
  await setTimeout(milliseconds, undefined, { signal: currentTask().signal });
  return milliseconds;
}
