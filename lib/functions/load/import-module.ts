/** Imports a user's module in a child. */

import { inspect, types } from 'node:util';
import { BootstrapError, TaskNotFoundError } from '../../errors.js';
import { toPath } from '../describe-function.js';
import { importTypeScript, isTypeScript } from './typescript.js';

/**
 * Imports the module that should contain `what`. Node.js makes concurrent imports of one module a single one.
 *
 * @param byProgram - whether the parent evaluated the module itself, without the loaders of Node.js.
 * @throws TaskNotFoundError with the reason as `cause`. A BootstrapError passes unchanged: it explains best what is
 * wrong with the module.
 */
export async function importModule(url: string, what: string, byProgram = false): Promise<object> {
  try {
    const exports = isTypeScript(url) ? await importTypeScript(url, byProgram) : await import(url);
    return await waitForExports(exports);
  } catch (error) {
    if (error instanceof BootstrapError) throw error;
    throw new TaskNotFoundError(`cannot import ${toPath(url)} to find ${what}: ${describe(error)}`, { cause: error });
  }
}

/** A CommonJS bundle with a top-level await exports a promise of its exports. */
async function waitForExports(exports: object): Promise<object> {
  if (!('default' in exports) || !types.isPromise(exports.default)) return exports;
  const isCommonJs = Object.keys(exports).every((name) => name === 'default' || name === 'module.exports');
  return isCommonJs ? { default: await exports.default } : exports;
}

/**
 * Modules may throw anything; ts-node throws objects without even a `toString`, because they come from another thread.
 */
function describe(reason: unknown): string {
  return types.isNativeError(reason) ? String(reason) : inspect(reason, { depth: 1 });
}
