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
 * Calls exactly one of two functions, once, as `await` would go on. Only a promise can be trusted with that: another
 * thenable, a subclass that has its own ways included, is asked through a promise.
 */
export function whenSettled(
  value: PromiseLike<unknown>,
  onSuccess: (value: unknown) => void,
  onFailure: (error: unknown) => void,
): void {
  const isOwn = types.isPromise(value) && value.constructor === Promise;
  then.call(isOwn ? value : Promise.resolve(value), onSuccess, onFailure);
}
