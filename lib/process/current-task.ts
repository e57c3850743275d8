import { AsyncLocalStorage } from 'node:async_hooks';
import { BootstrapError, InvalidStateError } from '../errors.js';
import { isMarked } from './child-mark.js';
import { type CurrentTask, getChildState } from './child-state.js';

const child = getChildState();
if (child !== undefined) child.storage ??= new AsyncLocalStorage();

/**
 * The task that calls this function, also after an `await`.
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
 * @since 0.2.0
 */
export function currentTask(): CurrentTask {
  const context = child?.storage?.getStore();
  if (typeof context !== 'object') throw new InvalidStateError('currentTask() was called outside of a task of a pool');
  return context;
}

/**
 * A child imports the main module again. If the module created processes, each of them would do the same, without end.
 *
 * @throws {@link BootstrapError} in a child, except in functions that its parent calls.
 */
export function refuseOutsideOfTask(what: string): void {
  if (child === undefined || child.storage?.getStore() !== undefined) return;
  throw new BootstrapError(
    `${what} was created in a child process outside of a task; a child imports the main module again, ` +
      'so guard the code that only the program itself should run with "if (isMainProcess)"',
  );
}

/**
 * `true` in the program's own process, `false` in the children that this package starts.
 *
 * A child that needs a function of the main module imports that module again. Guard the code that must run only once
 * with it, as with Python's `if __name__ == '__main__'`.
 *
 * @since 0.2.0
 */
export const isMainProcess: boolean = child === undefined && !isMarked();
