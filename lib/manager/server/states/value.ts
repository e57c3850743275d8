import type { VALUE } from '../../methods.js';
import type { Call } from '../call.js';
import { addNumbers, type Cell, createCell, replaceValue } from './cell.js';
import type { State } from './state.js';

/** One value. */
export class ValueState implements State<typeof VALUE> {
  readonly #cell: Cell;

  constructor(value: unknown) {
    this.#cell = createCell(value);
  }

  get(): unknown {
    return this.#cell.value;
  }

  set(_call: Call, [value]: readonly unknown[]): void {
    replaceValue(this.#cell, value);
  }

  /** Its version, and the value. */
  read(): unknown[] {
    return [this.#cell.version, this.#cell.value];
  }

  /** Sets it if it still has this version. */
  replace(_call: Call, [version, value]: readonly unknown[]): boolean {
    if (this.#cell.version !== version) return false;
    replaceValue(this.#cell, value);
    return true;
  }

  increment(_call: Call, [by]: readonly unknown[]): unknown {
    const value = addNumbers(this.#cell.value, by);
    replaceValue(this.#cell, value);
    return value;
  }
}
