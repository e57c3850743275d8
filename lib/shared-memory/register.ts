import { registerSharedArrays } from './shared-array.js';
import { registerSharedValues } from './shared-value.js';

/** Lets this process decode what lies in shared memory. Must run before it opens a pipe to another process. */
export function registerSharedMemory(): void {
  registerSharedValues();
  registerSharedArrays();
}
