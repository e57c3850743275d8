import { type ProcessExit, ProcessExitError } from '../errors.js';
import type { Exit } from '../spawn.js';
import type { Task } from './task.js';

/** How a worker ended, and the tasks it leaves. */
export interface Ending {
  exit: Exit;
  /** Why, if the child or its bytes said so. */
  cause: unknown;
  /** Tasks that may have begun, and tasks that certainly have not; in the order in which they were sent. */
  begun: Task[];
  untouched: Task[];
  /** Those that certainly have not and that no process of another place may run. */
  pinned: Task[];
}

/** The error of a task whose process ended before it answered. */
export function createExitError(name: string, pid: number | undefined, { exit, cause }: Ending): ProcessExitError {
  const details: ProcessExit = { pid, exitCode: exit.exitCode, signal: exit.signal, mayHaveStarted: true };
  return new ProcessExitError(name, details, cause === undefined ? {} : { cause });
}
