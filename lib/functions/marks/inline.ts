/** Functions that travel as their source text. */

import { inspect } from 'node:util';
import { Script } from 'node:vm';
import { TaskNotFoundError } from '../../errors.js';
import { nameOf, textOf } from '../address/fingerprint.js';
import { FIXES, nameFunction } from '../describe-function.js';
import { registry } from './marked-functions.js';

/**
 * Sends a function to other processes as its source text, so that it needs neither an export nor a module.
 *
 * There it runs in strict mode and sees only its arguments, the globals, and what a CommonJS module at the path of its
 * file has, such as `require`. It does not see the variables and imports around it. `await import('node:os')` works
 * inside it. Returns the function itself.
 *
 * @throws TypeError if `fn` is not a function.
 * @throws TaskNotFoundError if its source text does not recreate it: built-in and bound functions, classes, getters,
 * methods with a computed name, and code that strict mode forbids.
 * @example
 * ```ts
 * await pool.map(inline((n) => n * n), [1, 2, 3]);
 * ```
 * @since 0.2.0
 */
export function inline<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  if (typeof fn !== 'function') throw new TypeError(`inline() needs a function, not ${inspect(fn, { depth: 0 })}`);
  if (registry.marks.get(fn)?.kind !== 'inline') {
    registry.marks.set(fn, { kind: 'inline', text: toExpression(textOf(fn), nameOf(fn)) });
  }
  return fn;
}

/** Turns the text of a function into an expression whose value is the function. */
function toExpression(text: string, name: string): string {
  const what = `inline() cannot send ${nameFunction(name)}`;
  if (/\{\s*\[native code\]\s*\}$/.test(text)) {
    throw new TaskNotFoundError(`${what}: a built-in or bound function has no source text; wrap it in a function`);
  }
  if (/^(class\b|@)/.test(text)) throw new TaskNotFoundError(`${what}: it is a class; wrap it in a function`);
  const failure = checkSyntax(text);
  if (failure === undefined) return text;
  // A method, `work(a) { … }`, is only an expression inside an object.
  const method = `Object.values({ ${text} })[0]`;
  if (/^(get|set)\s+[^\s(]/.test(text) || /^(async\b)?[\s*]*\[/.test(text) || checkSyntax(method) !== undefined) {
    throw new TaskNotFoundError(
      `${what}: its source text alone is not a function in strict mode (${failure.message}); ` +
        `write it as a function of its own, or ${FIXES.replace(/,? or send its source.*$/, '')}`,
      { cause: failure },
    );
  }
  return method;
}

function checkSyntax(expression: string): Error | undefined {
  try {
    new Script(`'use strict'; (${expression})`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
