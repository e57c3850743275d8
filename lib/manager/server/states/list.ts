import type { LIST } from '../../protocol/methods.js';
import type { MethodCall, ObjectMethods } from '../method-call.js';

/** An array. */
export class ListState implements ObjectMethods<typeof LIST> {
  #items: unknown[];

  constructor(items: readonly unknown[]) {
    this.#items = [...items];
  }

  push(_call: MethodCall, items: readonly unknown[]): number {
    for (const item of items) this.#items.push(item);
    return this.#items.length;
  }

  pop(): unknown {
    return this.#items.pop();
  }

  shift(): unknown {
    return this.#items.shift();
  }

  unshift(_call: MethodCall, items: readonly unknown[]): number {
    this.#items = [...items, ...this.#items];
    return this.#items.length;
  }

  get(_call: MethodCall, [index]: readonly unknown[]): unknown {
    return this.#items.at(index as number);
  }

  set(_call: MethodCall, [index, item]: readonly unknown[]): void {
    const { length } = this.#items;
    const at = (index as number) < 0 ? length + (index as number) : (index as number);
    // Only an integer: `in` also finds names such as `length`.
    const exists = Number.isInteger(at) && at in this.#items;
    if (!exists) throw new RangeError(`set(): index ${index} is out of range; the list has ${length} items`);
    this.#items[at] = item;
  }

  size(): number {
    return this.#items.length;
  }

  slice(_call: MethodCall, [start, end]: readonly unknown[]): unknown[] {
    return this.#items.slice(start as number | undefined, end as number | undefined);
  }

  splice(_call: MethodCall, [start, count, ...items]: readonly unknown[]): unknown[] {
    const removed = (count as number | undefined) ?? this.#items.length;
    return this.#items.splice(start as number, removed, ...items);
  }
}
