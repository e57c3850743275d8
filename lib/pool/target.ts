import { addressOf } from '../tasks/address.js';
import type { AnyFunction, Target } from './task.js';

const targets = new WeakMap<AnyFunction, Target>();

/**
 * A function with its address; the same object for the same function.
 *
 * @throws TypeError if `fn` is not a function.
 * @throws {@link TaskNotFoundError} if it is certain that no other process can find it.
 */
export function targetOf(fn: AnyFunction): Target {
  const known = targets.get(fn);
  if (known !== undefined) return known;
  const target = { fn, address: addressOf(fn) };
  targets.set(fn, target);
  return target;
}
