import { inspect } from 'node:util';
import { TaskNotFoundError } from '../errors.js';
import type { Address } from '../functions/address/address.js';
import { load } from '../functions/load/load.js';
import { type ChildState, callIn, NO_TASK } from '../process/child-state.js';
import type { StartOptions } from '../protocol/start-options.js';
import { performance } from '../util/clock.js';

/** The result of the initialisation of a child. */
export interface Booted {
  handleError(error: unknown): void;
  /** `false`: the exception handler is not an export, so the parent calls it. */
  handlerFound: boolean;
  /** Runs the finalizer; `undefined` if there is none. */
  finalize: (() => unknown) | undefined;
  /** Runs a task with the value that was captured from its caller's context. */
  runInContext: RunInContext | undefined;
  /** How long the initializers took, in milliseconds. */
  initTime: number;
}

export type RunInContext = (captured: unknown, task: () => unknown) => unknown;

/** Runs the loop initializer and the initializer, and loads the callbacks, before the first task. */
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
  // There is no handler, or the parent has found that it is a closure.
  if (address === undefined) return { handleError() {}, handlerFound: false };
  try {
    const handler = await load(address);
    return { handleError: (error) => guard(() => call(handler, [error])), handlerFound: true };
  } catch (error) {
    if (!(error instanceof TaskNotFoundError)) throw error;
    return { handleError() {}, handlerFound: false };
  }
}

/** A handler that throws must not cost the task its result, nor end the process. */
async function guard(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    process.emitWarning(`the exceptionHandler of the pool failed: ${inspect(error)}`);
  }
}
