import type { Cell } from './graph.js';
import { encodeString } from './primitives.js';

/** The shapes of a graph: records with the same keys share one, so each list of keys is sent once. */
export class ShapeTable {
  readonly list: Cell[][] = [];
  readonly #keys: (readonly string[])[] = [];
  readonly #known = new Map<string, number>();

  /** The number of the shape with these keys. */
  add(keys: readonly string[]): number {
    const signature = keys.join('\0');
    const known = this.#known.get(signature);
    // Keys may contain the separator.
    if (known !== undefined && areEqual(keys, this.#keys[known] as readonly string[])) return known;
    const shape = this.list.push(keys.map(encodeString)) - 1;
    this.#keys.push(keys);
    this.#known.set(signature, shape);
    return shape;
  }
}

function areEqual(keys: readonly string[], others: readonly string[]): boolean {
  return keys.length === others.length && keys.every((key, index) => key === others[index]);
}
