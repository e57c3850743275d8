import { setTimeout as sleep } from 'node:timers/promises';

/** Waits, or returns at once. */
export async function work(milliseconds) {
  if (milliseconds > 0) await sleep(milliseconds);
  return milliseconds;
}
