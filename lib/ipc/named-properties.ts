import { isDeepStrictEqual } from 'node:util';

/** Up to this length, listing the keys of an array is cheaper than the probe below. */
const SHORT_ARRAY = 24;

let probed = false;
const unequal = Symbol('unequal to every element');
const probe: unknown[] = [];
Object.defineProperty(probe, 0, {
  configurable: true,
  enumerable: true,
  get() {
    probed = true;
    return unequal;
  },
});

/**
 * Whether an array has properties beside its elements, like the result of a regular expression.
 *
 * Listing the keys of a long array makes a string for every index. `isDeepStrictEqual` compares the named properties of
 * both sides first, without listing the indices, and the elements only if these agree: if it reads the first element of
 * a probe without named properties, the array has none either. If a version compared in another order, the answer would
 * be `true` too often, which costs time but never loses a property.
 */
export function hasNamedProperties(array: readonly unknown[]): boolean {
  if (array.length === 0) {
    for (const _ in array) return true;
    return false;
  }
  if (array.length <= SHORT_ARRAY) return Object.keys(array).length !== array.length;
  probed = false;
  probe.length = array.length;
  isDeepStrictEqual(array, probe);
  probe.length = 1;
  return !probed;
}
