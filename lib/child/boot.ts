import { inspect } from 'node:util';
import { TaskNotFoundError } from '../errors.js';
import type { StartOptions } from '../ipc/messages.js';
import type { Address } from '../tasks/address.js';
import { load } from '../tasks/load.js';
import { performance } from '../util/clock.js';
import { type ChildState, callIn, NO_TASK } from './state.js';

/** What a child has after it was initialised. */
export interface Booted {
  handleError(error: unknown): void;
  /** `false`: the exception handler is no export; the parent calls it. */
  handlerFound: boolean;
  /** Runs the finalizer; `undefined` if there is none. */
  finalize: (() => unknown) | undefined;
  /** Runs a task with what came of its caller's context. */
  runInContext: RunInContext | undefined;
  /** How long the initializers took, in milliseconds. */
  initTime: number;
}

export type RunInContext = (captured: unknown, task: () => unknown) => unknown;

/**
 * Runs what must run before the first task: the loop initializer, then the initializer, each awaited.
 */
export async function boot(options: StartOptions, state: ChildState): Promise<Booted> {
  const begin = performance.now();
  const call = (fn: (...args: never[]) => unknown, args: readonly unknown[]) => callIn(state, NO_TASK, fn, args);
  if (options.loopInitializer !== undefined) await call(await load(options.loopInitializer), []);
  if (options.initializer !== undefined) await call(await load(options.initializer), options.initargs ?? []);
  const initTime = performance.now() - begin;
  const runInContext = options.runInContext && ((await load(options.runInContext)) as RunInContext);
  const finalizer = options.finalizer && (await load(options.finalizer));
  const finalize = finalizer && (() => call(finalizer, options.finalargs ?? []));
  return { initTime, runInContext, finalize, ...(await loadHandler(options.exceptionHandler, call)) };
}

async function loadHandler(
  address: Address | undefined,
  call: (fn: (...args: never[]) => unknown, args: readonly unknown[]) => unknown,
): Promise<Pick<Booted, 'handleError' | 'handlerFound'>> {
  // None was asked for, or the parent knows already that it is a closure.
  if (address === undefined) return { handleError() {}, handlerFound: false };
  try {
    const handler = await load(address);
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
