import { findCurrentTask } from './child/current-task.js';
import { BootstrapError } from './errors.js';
import type { TaskFunction } from './tasks/address.js';
import { addressOf } from './tasks/address.js';
import { isImporting } from './tasks/load.js';

/** What runs in a child before its first task. */
export interface InitializerOptions {
  /** Runs in each child before its first task; may be async. Must be an export of a module. */
  initializer?: (...args: never[]) => unknown;
  /** The arguments of `initializer`. */
  initargs?: readonly unknown[];
  /** Runs in each child first of all, before other modules of the program are imported. */
  loopInitializer?: TaskFunction<[], unknown>;
}

/** The addresses of the initializers. */
export function addressInitializers({ initializer, initargs, loopInitializer }: InitializerOptions) {
  return {
    ...(loopInitializer && { loopInitializer: addressOf(loopInitializer, 'loopInitializer') }),
    ...(initializer && { initializer: addressOf(initializer, 'initializer') }),
    ...(initargs && { initargs }),
  };
}

/**
 * A child imports the main module again. If that created processes, their children would too, without end.
 *
 * @throws {@link BootstrapError} while this process imports a module for its parent, unless a task asks.
 */
export function refuseDuringImport(what: string): void {
  if (isImporting() && findCurrentTask() === undefined) throw new BootstrapError(what);
}
