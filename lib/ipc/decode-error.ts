import { deserializeError } from 'serialize-error';
import { findErrorClass } from './error-classes.js';

/**
 * An error of the first class that is known here, still without properties.
 *
 * serialize-error makes the instance, as it knows the built-in classes. No constructor of a registered class is called:
 * nobody knows what it takes.
 */
export function createError(classes: readonly string[]): Error {
  const known = findErrorClass(classes);
  const error = deserializeError({ name: known.name, message: '' });
  // They are those of this place and moment.
  for (const key of ['name', 'message', 'stack']) Reflect.deleteProperty(error, key);
  return Object.getPrototypeOf(error) === known.prototype ? error : Object.setPrototypeOf(error, known.prototype);
}

/** `inherited` and `hidden` say how many of the keys are not the error's own and not enumerable, see `ErrorRow`. */
export function fillError(
  error: object,
  keys: readonly string[],
  values: readonly unknown[],
  inherited: number,
  hidden: number,
): void {
  keys.forEach((key, index) => {
    const value = values[index];
    if (index < inherited && hasValue(error, key, value)) return;
    Object.defineProperty(error, key, { value, enumerable: index >= hidden, configurable: true, writable: true });
  });
}

/** A class that is known here gives what it gave there. Its getter may need what only its constructor sets up. */
function hasValue(error: object, key: string, value: unknown): boolean {
  try {
    return Object.is((error as Record<string, unknown>)[key], value);
  } catch {
    return false;
  }
}
