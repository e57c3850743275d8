import { TimeoutError } from '../errors.js';
import { addressOf } from '../functions/address/address.js';
import type { InitializerOptions } from './options.js';

/** The addresses of the initializers. */
export function addressInitializers({ initializer, initargs, loopInitializer }: InitializerOptions) {
  return {
    ...(loopInitializer && { loopInitializer: addressOf(loopInitializer, 'loopInitializer') }),
    ...(initializer && { initializer: addressOf(initializer, 'initializer') }),
    ...(initargs && { initargs }),
  };
}

/** The reason of a process that is killed because its start takes longer than `startTimeout`. */
export function createLateError(pid: number | undefined, startTimeout: number): TimeoutError {
  return new TimeoutError(
    `process ${pid} was not ready within ${startTimeout} ms: its initializer, or a module that it imports, has not ended; ` +
      'increase "startTimeout" (--start-timeout on the command line)',
  );
}
