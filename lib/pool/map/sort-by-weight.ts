import { types } from 'node:util';
import { isObject } from '../../util/guards.js';

/** The items of a map in the order in which they run, and the index of each in the input. */
export interface SortedItems {
  readonly items: readonly unknown[];
  readonly indices: Uint32Array;
}

/**
 * Sorts the items of a map: the heaviest first, and in the order of the input where weights are equal.
 *
 * @param method - the method that was called; error messages begin with it.
 * @throws TypeError for items that are not all there, and for a weight that is not a finite number.
 * @throws what `weight` throws.
 */
export function sortByWeight(method: string, items: unknown, weight: (item: never) => number): SortedItems {
  const list = toList(method, items);
  const weights = Float64Array.from(list, (item, index) => {
    const value: unknown = weight(item as never);
    if (Number.isFinite(value)) return value as number;
    const given = typeof value === 'number' ? value : typeof value;
    throw new TypeError(`${method}: option "weight": expected a finite number for item ${index}, got ${given}`);
  });
  const indices = Uint32Array.from(list, (_item, index) => index);
  // The order of equal ones is kept.
  indices.sort((one, other) => (weights[other] as number) - (weights[one] as number));
  return { items: Array.from(indices, (index) => list[index]), indices };
}

/** Only of a collection it is certain that it ends: a generator may not. */
function toList(method: string, items: unknown): readonly unknown[] {
  if (Array.isArray(items)) return items;
  if (types.isSet(items) || types.isMap(items) || types.isTypedArray(items)) return [...(items as Iterable<unknown>)];
  const isAsync = isObject(items) && Symbol.asyncIterator in items;
  throw new TypeError(
    `${method}: option "weight" sorts the items, so all of them must be there: expected an array, Set, Map or typed array; ` +
      `collect ${isAsync ? 'them first, as Array.fromAsync(items) does' : 'others with [...items]'}`,
  );
}
