import type { VALUE } from '../../protocol/methods.js';
import type { MethodCall, ObjectMethods } from '../method-call.js';
import { addNumbers, createVersioned, replaceValue, type VersionedValue } from './versioned-value.js';

/** A single value. */
export class ValueState implements ObjectMethods<typeof VALUE> {
  readonly #value: VersionedValue;

  constructor(value: unknown) {
    this.#value = createVersioned(value);
  }

  get(): unknown {
    return this.#value.value;
  }

  set(_call: MethodCall, [value]: readonly unknown[]): void {
    replaceValue(this.#value, value);
  }

  /** @returns the version and the value. */
  read(): unknown[] {
    return [this.#value.version, this.#value.value];
  }

  /** Sets the value if its version still matches. */
  replace(_call: MethodCall, [version, value]: readonly unknown[]): boolean {
    if (this.#value.version !== version) return false;
    replaceValue(this.#value, value);
    return true;
  }

  increment(_call: MethodCall, [by]: readonly unknown[]): unknown {
    const value = addNumbers(this.#value.value, by);
    replaceValue(this.#value, value);
    return value;
  }
}
