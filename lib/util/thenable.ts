import { types } from 'node:util';

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

const { then } = Promise.prototype;

/**
 * Calls exactly one of two functions, once, when the value settles. Only a native promise guarantees that: another
 * thenable, or a subclass of Promise, is wrapped in a promise.
 */
export function whenSettled(
  value: PromiseLike<unknown>,
  onSuccess: (value: unknown) => void,
  onFailure: (error: unknown) => void,
): void {
  const isOwn = types.isPromise(value) && value.constructor === Promise;
  then.call(isOwn ? value : Promise.resolve(value), onSuccess, onFailure);
}
