/** Imports a user's module in a child. */

import { inspect, types } from 'node:util';
import { TaskNotFoundError } from '../errors.js';
import { toPath } from './messages.js';
import { importTypeScript, isTypeScript } from './typescript.js';

/**
 * Imports the module in which `what` is looked for. Concurrent imports of one module are one: Node sees to it.
 *
 * @throws TaskNotFoundError with the reason as `cause`. A BootstrapError comes out as it is: it says what
 * is wrong with the module better than anything around it could.
 */
export async function importModule(url: string, what: string): Promise<object> {
  try {
    return isTypeScript(url) ? await importTypeScript(url) : await import(url);
  } catch (error) {
    if (error instanceof Error && error.name === 'BootstrapError') throw error;
    throw new TaskNotFoundError(`cannot import ${toPath(url)} to find ${what}: ${describe(error)}`, { cause: error });
  }
}

/** Modules may throw anything; ts-node throws objects without even a `toString`, for they come from another thread. */
function describe(reason: unknown): string {
  return types.isNativeError(reason) ? String(reason) : inspect(reason, { depth: 1 });
}
