import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a process is running. A zombie is not. */
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

/** How long a process may take to exit on a busy machine. Usually it takes a few milliseconds. */
const MAX_ENDING = 5000;

/** The processes that are still running after {@link MAX_ENDING}. For processes that are not children of this one. */
export async function findSurvivors(pids: readonly number[]): Promise<number[]> {
  const deadline = performance.now() + MAX_ENDING;
  // Polls, because only the parent of a process is notified of its exit.
  while (pids.some(isRunning) && performance.now() < deadline) await sleep(5);
  return pids.filter(isRunning);
}
