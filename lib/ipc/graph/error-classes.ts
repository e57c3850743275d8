import * as errors from '../../errors.js';
import { openGlobalState } from '../../util/global-state.js';

/** A class of errors. Its constructor is never called. @inline */
type ErrorClass = abstract new (...args: never[]) => Error;

/** The classes that every process knows, by name: the built-in ones and those of the package. */
const classes = new Map<string, ErrorClass>([
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError, DOMException].map(
    (errorClass): [string, ErrorClass] => [errorClass.name, errorClass],
  ),
  ...Object.entries(errors),
]);

/**
 * The classes that the program registered, by name. In a child the program registers them with the copy of the package
 * that it imports, and the copy in the child's bundle decodes the errors.
 */
const registered = openGlobalState('errors', () => new Map<string, ErrorClass>());

/** The first known class among these names. */
export function findErrorClass(names: readonly string[]): ErrorClass {
  for (const name of names) {
    const known = registered.get(name) ?? classes.get(name) ?? findInNode(name);
    if (known !== undefined) return known;
  }
  return Error;
}

/** The module is loaded when such an error arrives: few programs use it. */
function findInNode(name: string): ErrorClass | undefined {
  return name === 'AssertionError' ? process.getBuiltinModule('node:assert').AssertionError : undefined;
}

/**
 * Makes errors of your own class keep their class in this process.
 *
 * An error thrown in a child is recreated in the process that receives it. The classes of the language, of Node.js and
 * of this package are known there; register others in the receiving process. An error of an unknown class gets the
 * nearest known base class. It keeps its message, stack, own properties, `cause` and `errors` either way. The
 * constructor is not called.
 *
 * @param errorClass - found by its `name`, so both processes need a class of that name, not the same module.
 * @throws TypeError if it is not a named class that extends `Error`.
 *
 * @example
 * ```ts
 * registerError(HttpError);
 * await pool.apply(fetchPage, [url]).catch((error) => error instanceof HttpError);
 * ```
 * @since 0.2.0
 */
export function registerError(errorClass: ErrorClass): void {
  if (typeof errorClass !== 'function' || !(errorClass.prototype instanceof Error) || errorClass.name === '') {
    throw new TypeError(`registerError: expected a named class that extends Error, got ${String(errorClass)}`);
  }
  registered.set(errorClass.name, errorClass);
}
