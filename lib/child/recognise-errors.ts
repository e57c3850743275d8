import * as errors from '../errors.js';
import type { ChildState } from './state.js';

/**
 * Makes the errors of the child's bundle instances of the classes here too. A module of the program that imports the
 * package gets another copy of them, and may ask with `instanceof` what it was sent or what `report()` has thrown.
 */
export function recogniseErrors({ errors: bundled }: ChildState): void {
  for (const [name, errorClass] of Object.entries(errors)) {
    const prototype: object | undefined = bundled[name]?.prototype;
    const isOther = prototype !== undefined && prototype !== errorClass.prototype;
    if (isOther && Object.getPrototypeOf(prototype) === Error.prototype) {
      Object.setPrototypeOf(prototype, errorClass.prototype);
    }
  }
}
