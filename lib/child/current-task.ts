import { AsyncLocalStorage } from 'node:async_hooks';
import { isMarked } from '../child-mark.js';
import { BootstrapError, InvalidStateError } from '../errors.js';
import { recogniseErrors } from './recognise-errors.js';
import { getChildState } from './state.js';

/** The task that is running. */
export interface CurrentTask {
  /** Unique in its pool. */
  readonly id: number;
  /** 1 for the first run of the task. */
  readonly attempt: number;
  /** Aborts when the caller no longer wants the result. */
  readonly signal: AbortSignal;
  /** Sends a value to the `onProgress` callback of the call. */
  report(progress: unknown): void;
}

const child = getChildState();
if (child !== undefined) {
  child.storage ??= new AsyncLocalStorage();
  recogniseErrors(child);
}

/**
 * The task in which this is called, also after an `await`.
 *
 * @throws {@link InvalidStateError} outside of a task.
 *
 * @example
 * ```ts
 * export async function importFile(path: string) {
 *   for await (const [index, row] of readRows(path)) {
 *     await save(row);
 *     currentTask().report(index);
 *   }
 * }
 * ```
 */
export function currentTask(): CurrentTask {
  const context = child?.storage?.getStore();
  if (typeof context !== 'object') throw new InvalidStateError('currentTask() was called outside of a task of a pool');
  return context;
}

/**
 * A child imports the main module again. If that created processes, their children would too, without end.
 *
 * @throws {@link BootstrapError} in a child, unless something that its parent has called asks.
 */
export function refuseOutsideOfTask(what: string): void {
  if (child === undefined || child.storage?.getStore() !== undefined) return;
  throw new BootstrapError(
    `${what} was created in a child process outside of a task; a child imports the main module again, ` +
      'so guard what only the program itself should do with "if (isMainProcess)"',
  );
}

/**
 * `true` in the program's own process, `false` in the children that this package starts.
 *
 * A child that needs a function of the main module imports that module again. Guard with it what must only run once.
 * It is what Python's `if __name__ == '__main__'` is for.
 */
export const isMainProcess: boolean = child === undefined && !isMarked();
