/** Imports a user's module in a child. */

import { inspect, types } from 'node:util';
import { TaskNotFoundError } from '../errors.js';
import { toPath } from './messages.js';
import { importTypeScript, isTypeScript } from './typescript.js';

/**
 * Imports the module in which `what` is looked for. Concurrent imports of one module are one: Node sees to it.
 *
 * @param byProgram - whether the parent has evaluated the module past the loaders of Node.js.
 * @throws TaskNotFoundError with the reason as `cause`. A BootstrapError comes out as it is: it says what
 * is wrong with the module better than anything around it could.
 */
export async function importModule(url: string, what: string, byProgram = false): Promise<object> {
  try {
    const exports = isTypeScript(url) ? await importTypeScript(url, byProgram) : await import(url);
    return await waitForExports(exports);
  } catch (error) {
    if (error instanceof Error && error.name === 'BootstrapError') throw error;
    throw new TaskNotFoundError(`cannot import ${toPath(url)} to find ${what}: ${describe(error)}`, { cause: error });
  }
}

/** With a top-level await in it, what a CommonJS bundle exports is a promise of its exports. */
async function waitForExports(exports: object): Promise<object> {
  if (!('default' in exports) || !types.isPromise(exports.default)) return exports;
  const isCommonJs = Object.keys(exports).every((name) => name === 'default' || name === 'module.exports');
  return isCommonJs ? { default: await exports.default } : exports;
}

/** Modules may throw anything; ts-node throws objects without even a `toString`, for they come from another thread. */
function describe(reason: unknown): string {
  return types.isNativeError(reason) ? String(reason) : inspect(reason, { depth: 1 });
}
