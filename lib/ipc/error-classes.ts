import * as errors from '../errors.js';

/** The constructor of an error class, whatever it takes: it is never called. */
type ErrorClass = abstract new (...args: never[]) => Error;

/** The error classes that always arrive as themselves, by name: the built-in ones and the package's own. */
const classes = new Map<string, ErrorClass>([
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError, DOMException].map(
    (errorClass): [string, ErrorClass] => [errorClass.name, errorClass],
  ),
  ...Object.entries(errors),
]);

const KEY = Symbol.for('aiomultiprocess.errors');

/**
 * Those that the program registers. They are kept on `globalThis`: in a child the program registers with the package
 * that it imports, and the copy of it in the child's own bundle reads the values.
 */
const registered = openRegistered();

function openRegistered(): Map<string, ErrorClass> {
  const existing: Map<string, ErrorClass> | undefined = Reflect.get(globalThis, KEY);
  const opened = existing ?? new Map<string, ErrorClass>();
  if (existing === undefined) Reflect.defineProperty(globalThis, KEY, { value: opened });
  return opened;
}

/** The class of the first of these names that is known here. */
export function findErrorClass(names: readonly string[]): ErrorClass {
  for (const name of names) {
    const known = registered.get(name) ?? classes.get(name) ?? findInNode(name);
    if (known !== undefined) return known;
  }
  return Error;
}

/** The module is looked up when such an error comes: few programs ever load it. */
function findInNode(name: string): ErrorClass | undefined {
  return name === 'AssertionError' ? process.getBuiltinModule('node:assert').AssertionError : undefined;
}

/**
 * Makes errors of your own class arrive with that class.
 *
 * An error thrown in a child is made again in the process that awaits it. The classes of the language, of Node.js and
 * of this package are known; for another one, name it here in the process that receives it. An error of a class that is
 * not known has the nearest of its base classes that is. The error keeps message, stack, own properties, `cause` and
 * `errors` either way. The constructor is not called.
 *
 * @param errorClass - found again by its `name`, so the two sides need the same class, not the same module.
 * @throws TypeError if it is not a class of errors.
 *
 * @example
 * ```ts
 * registerError(HttpError);
 * await pool.apply(fetchPage, [url]).catch((error) => error instanceof HttpError);
 * ```
 */
export function registerError(errorClass: ErrorClass): void {
  if (typeof errorClass !== 'function' || !(errorClass.prototype instanceof Error) || errorClass.name === '') {
    throw new TypeError(`registerError: expected a named class that extends Error, got ${String(errorClass)}`);
  }
  registered.set(errorClass.name, errorClass);
}
