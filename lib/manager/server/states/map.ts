import type { MAP } from '../../protocol/methods.js';
import type { MethodCall, ObjectMethods } from '../method-call.js';
import { addNumbers, createVersioned, replaceValue, type VersionedValue } from './versioned-value.js';

/** The version of a missing entry. */
const ABSENT = 0;

/** A map from primitives to values. */
export class MapState implements ObjectMethods<typeof MAP> {
  readonly #entries = new Map<unknown, VersionedValue>();

  constructor(entries: readonly (readonly unknown[])[]) {
    for (const [key, value] of entries) this.#set(key, value);
  }

  get(_call: MethodCall, [key]: readonly unknown[]): unknown {
    return this.#entries.get(key)?.value;
  }

  set(_call: MethodCall, [key, value]: readonly unknown[]): void {
    this.#set(key, value);
  }

  has(_call: MethodCall, [key]: readonly unknown[]): boolean {
    return this.#entries.has(key);
  }

  delete(_call: MethodCall, [key]: readonly unknown[]): boolean {
    return this.#entries.delete(key);
  }

  size(): number {
    return this.#entries.size;
  }

  keys(): unknown[] {
    return [...this.#entries.keys()];
  }

  values(): unknown[] {
    return Array.from(this.#entries.values(), ({ value }) => value);
  }

  entries(): unknown[] {
    return Array.from(this.#entries, ([key, { value }]) => [key, value]);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** @returns the version and the value of an entry. */
  read(_call: MethodCall, [key]: readonly unknown[]): unknown[] {
    const entry = this.#entries.get(key);
    return entry === undefined ? [ABSENT, undefined] : [entry.version, entry.value];
  }

  /** Sets an entry if its version still matches. */
  replace(_call: MethodCall, [key, version, value]: readonly unknown[]): boolean {
    if ((this.#entries.get(key)?.version ?? ABSENT) !== version) return false;
    this.#set(key, value);
    return true;
  }

  increment(_call: MethodCall, [key, by]: readonly unknown[]): unknown {
    const zero = typeof by === 'bigint' ? 0n : 0;
    const entry = this.#entries.get(key);
    const value = addNumbers(entry === undefined ? zero : entry.value, by);
    this.#set(key, value);
    return value;
  }

  #set(key: unknown, value: unknown): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#entries.set(key, createVersioned(value));
    else replaceValue(entry, value);
  }
}
