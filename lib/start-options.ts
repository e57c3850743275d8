import { TimeoutError } from './errors.js';
import type { TaskFunction } from './tasks/address.js';
import { addressOf } from './tasks/address.js';

/** The default of {@link InitializerOptions.startTimeout}. */
export const START_TIMEOUT = 60_000;

/** What runs in a child before its first task. */
export interface InitializerOptions {
  /** Runs in each child before its first task; may be async. Must be an export of a module. */
  initializer?: (...args: never[]) => unknown;
  /** The arguments of `initializer`. */
  initargs?: readonly unknown[];
  /** Runs in each child first of all, before other modules of the program are imported. */
  loopInitializer?: TaskFunction<[], unknown>;
  /**
   * How long a start may take, in milliseconds: from the start of the process until it can run its first task, with
   * `loopInitializer` and `initializer`. One that takes longer is ended and fails with `InitializerError`; it is not tried
   * again. Time in which this program itself stands still does not count. Default 60000; 0: any time.
   *
   * In a pool the first import of the module of a task may take as long; then the task rejects with `TaskTimeoutError`.
   */
  startTimeout?: number;
}

/** The addresses of the initializers. */
export function addressInitializers({ initializer, initargs, loopInitializer }: InitializerOptions) {
  return {
    ...(loopInitializer && { loopInitializer: addressOf(loopInitializer, 'loopInitializer') }),
    ...(initializer && { initializer: addressOf(initializer, 'initializer') }),
    ...(initargs && { initargs }),
  };
}

/** Why a process was ended whose start took too long. */
export function createLateError(pid: number | undefined, startTimeout: number): TimeoutError {
  return new TimeoutError(
    `process ${pid} was not ready within ${startTimeout} ms: its initializer, or a module that it imports, has not ended; ` +
      'allow it more with the option "startTimeout" (--start-timeout)',
  );
}
