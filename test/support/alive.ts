import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a process runs. One that has ended, and that nobody has asked about yet, does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    // pid (name) state …
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** What a machine that has much else to do may need to end a process; others need a few milliseconds. */
const MAX_ENDING = 5000;

/** Those of the processes that still run when they have had the time to end. They are no children of this one. */
export async function findSurvivors(pids: readonly number[]): Promise<number[]> {
  const deadline = performance.now() + MAX_ENDING;
  // Nobody but its parent is told when a process ends.
  while (pids.some(isRunning) && performance.now() < deadline) await sleep(5);
  return pids.filter(isRunning);
}
