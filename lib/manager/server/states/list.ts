import type { LIST } from '../../methods.js';
import type { Call } from '../call.js';
import type { State } from './state.js';

/** An array. */
export class ListState implements State<typeof LIST> {
  #items: unknown[];

  constructor(items: readonly unknown[]) {
    this.#items = [...items];
  }

  push(_call: Call, items: readonly unknown[]): number {
    for (const item of items) this.#items.push(item);
    return this.#items.length;
  }

  pop(): unknown {
    return this.#items.pop();
  }

  shift(): unknown {
    return this.#items.shift();
  }

  unshift(_call: Call, items: readonly unknown[]): number {
    this.#items = [...items, ...this.#items];
    return this.#items.length;
  }

  get(_call: Call, [index]: readonly unknown[]): unknown {
    return this.#items.at(index as number);
  }

  set(_call: Call, [index, item]: readonly unknown[]): void {
    const { length } = this.#items;
    const at = (index as number) < 0 ? length + (index as number) : (index as number);
    // Names are in it too.
    const isThere = Number.isInteger(at) && at in this.#items;
    if (!isThere) throw new RangeError(`set(): the list has ${length} items, and none at ${index}`);
    this.#items[at] = item;
  }

  size(): number {
    return this.#items.length;
  }

  slice(_call: Call, [start, end]: readonly unknown[]): unknown[] {
    return this.#items.slice(start as number | undefined, end as number | undefined);
  }

  splice(_call: Call, [start, count, ...items]: readonly unknown[]): unknown[] {
    const removed = (count as number | undefined) ?? this.#items.length;
    return this.#items.splice(start as number, removed, ...items);
  }
}
