import { inspect } from 'node:util';
import { TaskNotFoundError } from '../errors.js';
import type { StartOptions } from '../ipc/messages.js';
import { load } from '../tasks/load.js';
import { type ChildState, callIn, NO_TASK } from './state.js';

/** What a child has after it was initialised. */
export interface Booted {
  handleError(error: unknown): void;
  /** `false`: the exception handler is no export; the parent calls it. */
  handlerFound: boolean;
}

/**
 * Runs what must run before the first task: the loop initializer, then the initializer, each awaited.
 */
export async function boot(options: StartOptions, state: ChildState): Promise<Booted> {
  const call = (fn: (...args: never[]) => unknown, args: readonly unknown[]) => callIn(state, NO_TASK, fn, args);
  if (options.loopInitializer !== undefined) await call(await load(options.loopInitializer), []);
  if (options.initializer !== undefined) await call(await load(options.initializer), options.initargs ?? []);
  // None was asked for, or the parent knows already that it is a closure.
  if (options.exceptionHandler === undefined) return { handleError() {}, handlerFound: false };
  try {
    const handler = await load(options.exceptionHandler);
    return { handleError: (error) => guard(() => call(handler, [error])), handlerFound: true };
  } catch (error) {
    if (!(error instanceof TaskNotFoundError)) throw error;
    return { handleError() {}, handlerFound: false };
  }
}

/** A handler that fails must not take the result of the task with it, nor the process. */
async function guard(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    process.emitWarning(`the exceptionHandler of the pool failed: ${inspect(error)}`);
  }
}
