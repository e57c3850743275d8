import { ProcessExitError } from '../../errors.js';
import type { Exit } from '../../process/spawn.js';

/** The error of a task whose process ended before it answered; `cause` if the child told why. */
export function createExitError(
  poolName: string,
  pid: number | undefined,
  { exitCode, signal }: Exit,
  cause: unknown,
): ProcessExitError {
  const details = { pid, exitCode, signal, mayHaveStarted: true };
  return new ProcessExitError(poolName, details, cause === undefined ? {} : { cause });
}
