import { deserializeError } from 'serialize-error';
import { findErrorClass } from './error-classes.js';

/**
 * Creates an error of the first known class, without properties.
 *
 * serialize-error creates the instance, because it knows the built-in classes. The constructor of a registered class is
 * not called: its parameters are unknown.
 */
export function createError(classes: readonly string[]): Error {
  const known = findErrorClass(classes);
  const error = deserializeError({ name: known.name, message: '' });
  // They describe this call, not the error.
  for (const key of ['name', 'message', 'stack']) Reflect.deleteProperty(error, key);
  return Object.getPrototypeOf(error) === known.prototype ? error : Object.setPrototypeOf(error, known.prototype);
}

/** `inherited` and `hidden` count the keys that are not the error's own or not enumerable, see `ErrorRow`. */
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

/** Whether the class already provides the value. Its getter may throw, because its constructor was not called. */
function hasValue(error: object, key: string, value: unknown): boolean {
  try {
    return Object.is((error as Record<string, unknown>)[key], value);
  } catch {
    return false;
  }
}
