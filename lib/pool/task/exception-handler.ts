import { inspect } from 'node:util';
import { TaskNotFoundError } from '../../errors.js';
import { type Address, addressOf } from '../../functions/address/address.js';

/** Where an exception handler runs: in the child if it can be found there, otherwise in this process. */
export function addressHandler(handler: ((error: unknown) => unknown) | undefined): Address | undefined {
  if (handler === undefined) return undefined;
  try {
    return addressOf(handler, 'exceptionHandler');
  } catch (error) {
    // A closure: no other callback may be one.
    if (error instanceof TaskNotFoundError) return undefined;
    throw error;
  }
}

/** A handler that throws must not end the program, and must not go unnoticed. */
export async function callHandler(handler: (error: unknown) => unknown, error: unknown): Promise<void> {
  try {
    await handler(error);
  } catch (failure) {
    process.emitWarning(`the exceptionHandler of the pool failed: ${inspect(failure)}`);
  }
}
