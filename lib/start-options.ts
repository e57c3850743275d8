import type { TaskFunction } from './tasks/address.js';
import { addressOf } from './tasks/address.js';

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
