import type { AsyncLocalStorage } from 'node:async_hooks';
import { findGlobalState, openGlobalState } from '../util/global-state.js';
import { takeMark } from './child-mark.js';
import { forgetCompileCache } from './compile-cache.js';

/**
 * The running task.
 *
 * @since 0.2.0
 */
export interface CurrentTask {
  /** Unique in its pool. */
  readonly id: number;
  /**
   * 1 for the first run of the task. Each retry counts, and so does each host of a distributed pool that died, or had to
   * end, while it had the task.
   */
  readonly attempt: number;
  /**
   * Identifies the task: the same in all attempts and on all hosts, and unique over all pools, programs and restarts. An
   * idempotency key, with which a service or a database recognises work that an earlier attempt has done.
   */
  readonly key: string;
  /** Aborts when the caller no longer wants the result. */
  readonly signal: AbortSignal;
  /** Sends a value to the `onProgress` callback of the call. */
  report(progress: unknown): void;
}

/** What a child process knows of itself, in every copy of the package that it loads. */
export interface ChildState {
  /** The folder in which the inherited options of Node.js find the files that they name: see working-folder.ts. */
  readonly startFolder: string | undefined;
  /**
   * Carries the current task through asynchronous calls. It slows down every promise, so a child has it only once a
   * module of the program has imported the package and could ask for the task.
   */
  storage?: AsyncLocalStorage<CurrentTask | typeof NO_TASK>;
}

/** The context of functions that the parent calls, but not as tasks: an initializer, the target of a process. */
export const NO_TASK = 'no task';

/** Calls a function of the program in a context that `currentTask()` finds. */
export function callIn<R>(
  { storage }: ChildState,
  context: CurrentTask | typeof NO_TASK,
  fn: (...args: never[]) => R,
  args: readonly unknown[],
): R {
  return storage === undefined ? fn(...(args as never[])) : storage.run(context, fn, ...(args as never[]));
}

const NAME = 'child';

/** Makes this process a child, with the working folder and the title of its mark. */
export function createChildState(): ChildState {
  const state = openGlobalState<ChildState>(NAME, () => ({ startFolder: currentFolder() }));
  const { folder, title, compileCache } = takeMark();
  if (folder !== undefined) process.chdir(folder);
  if (title !== undefined) process.title = title;
  if (compileCache) forgetCompileCache(process.env);
  return state;
}

/** Undefined in a process that is not a child. */
export function getChildState(): ChildState | undefined {
  return findGlobalState(NAME);
}

/** The working folder of this process; undefined if it was removed. */
export function currentFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
