/** `task()`: names the module of a function that cannot be found by its own location. */

import { inspect } from 'node:util';
import { findBundle } from '../address/find-bundle.js';
import { nameOf, textOf } from '../address/fingerprint.js';
import { toModuleUrl } from '../module-url.js';
import { registry } from './marked-functions.js';

/**
 * Names the module that creates a function, so that other processes find it there: for wrapped functions, functions
 * that a factory makes, and functions that are not exported.
 *
 * It must run each time the module loads, always in the same order: the other process imports the module and takes the
 * function that has the same number. Returns the function itself, unchanged.
 *
 * @typeParam F - the type of the function, which stays the same.
 * @param moduleUrl `import.meta.url`, or `__filename` in CommonJS.
 * @throws TypeError if `moduleUrl` is not the URL or the absolute path of a module, or `fn` not a function.
 * @example
 * ```ts
 * export const fetchOften = task(import.meta.url, (url: string) => pRetry(() => fetchStatus(url)));
 * await pool.map(fetchOften, urls);
 * ```
 * @since 0.2.0
 */
export function task<F extends (...args: never[]) => unknown>(moduleUrl: string | URL, fn: F): F {
  const module = toModuleUrl(moduleUrl, 'task()');
  if (typeof fn !== 'function' || /^(class\b|@)/.test(textOf(fn))) {
    throw new TypeError(`task() needs a function as its second argument, not ${inspect(fn, { depth: 0 })}`);
  }
  const name = nameOf(fn);
  const marked = listMarked(module, name);
  if (marked.includes(fn)) return fn;
  const ordinal = marked.push(fn) - 1;
  // A function that two modules mark is found through either; the first mark may already have been sent.
  if (!registry.marks.has(fn)) {
    const file = findBundle(module);
    registry.marks.set(fn, { kind: 'task', module, name, ordinal, ...(file !== undefined && { file }) });
  }
  return fn;
}

function listMarked(module: string, name: string): ((...args: never[]) => unknown)[] {
  const names = registry.tasks.get(module) ?? new Map<string, ((...args: never[]) => unknown)[]>();
  registry.tasks.set(module, names);
  const marked = names.get(name) ?? [];
  names.set(name, marked);
  return marked;
}
