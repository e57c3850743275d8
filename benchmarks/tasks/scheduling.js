import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits, and then computes for a time by the clock. In milliseconds.
 *
 * @param {{ wait: number, work: number }} times
 */
export async function waitAndCompute({ wait, work }) {
  if (wait > 0) await sleep(wait);
  const end = performance.now() + work;
  while (performance.now() < end);
}
