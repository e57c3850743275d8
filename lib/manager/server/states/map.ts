import type { MAP } from '../../methods.js';
import type { Call } from '../call.js';
import { addNumbers, type Cell, createCell, replaceValue } from './cell.js';
import type { State } from './state.js';

/** The version of an entry that is not there. */
const ABSENT = 0;

/** A map from primitives to values. */
export class MapState implements State<typeof MAP> {
  readonly #cells = new Map<unknown, Cell>();

  constructor(entries: readonly (readonly unknown[])[]) {
    for (const [key, value] of entries) this.#set(key, value);
  }

  get(_call: Call, [key]: readonly unknown[]): unknown {
    return this.#cells.get(key)?.value;
  }

  set(_call: Call, [key, value]: readonly unknown[]): void {
    this.#set(key, value);
  }

  has(_call: Call, [key]: readonly unknown[]): boolean {
    return this.#cells.has(key);
  }

  delete(_call: Call, [key]: readonly unknown[]): boolean {
    return this.#cells.delete(key);
  }

  size(): number {
    return this.#cells.size;
  }

  keys(): unknown[] {
    return [...this.#cells.keys()];
  }

  values(): unknown[] {
    return Array.from(this.#cells.values(), ({ value }) => value);
  }

  entries(): unknown[] {
    return Array.from(this.#cells, ([key, { value }]) => [key, value]);
  }

  clear(): void {
    this.#cells.clear();
  }

  /** The version of an entry, and its value. */
  read(_call: Call, [key]: readonly unknown[]): unknown[] {
    const cell = this.#cells.get(key);
    return cell === undefined ? [ABSENT, undefined] : [cell.version, cell.value];
  }

  /** Sets an entry if it still has this version. */
  replace(_call: Call, [key, version, value]: readonly unknown[]): boolean {
    if ((this.#cells.get(key)?.version ?? ABSENT) !== version) return false;
    this.#set(key, value);
    return true;
  }

  increment(_call: Call, [key, by]: readonly unknown[]): unknown {
    const zero = typeof by === 'bigint' ? 0n : 0;
    const cell = this.#cells.get(key);
    const value = addNumbers(cell === undefined ? zero : cell.value, by);
    this.#set(key, value);
    return value;
  }

  #set(key: unknown, value: unknown): void {
    const cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, createCell(value));
    else replaceValue(cell, value);
  }
}
