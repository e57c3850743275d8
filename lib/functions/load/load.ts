/** Loads the function of an address, in a child. */

import { TaskNotFoundError } from '../../errors.js';
import type { Address } from '../address/address.js';
import { nameFunction } from '../describe-function.js';
import { findHandle, findMarked, findOwnExport } from './find-function.js';
import { importModule } from './import-module.js';
import { evaluateInline } from './inline-source.js';

/**
 * Finds the function of an address; imports its module if necessary.
 *
 * @throws TaskNotFoundError if the module cannot be imported (the reason is its `cause`), if it lacks the function, or
 * if it has a different function in its place. Never returns the wrong function.
 */
export async function load(address: Address): Promise<(...args: never[]) => unknown> {
  if (address.kind === 'inline') return evaluateInline(address);
  const what = describeAddress(address);
  const byProgram = address.kind !== 'handle' && address.fingerprint.byProgram;
  const file = address.kind === 'task' ? (address.file ?? address.module) : address.module;
  const exports = await importModule(file, what, byProgram);
  switch (address.kind) {
    case 'export':
      return findOwnExport(exports, address, what);
    case 'handle':
      return findHandle(exports, address, what);
    case 'task':
      return findMarked(address, what);
    default:
      throw new TaskNotFoundError(`unknown kind of address: ${JSON.stringify(address)}`);
  }
}

function describeAddress(address: Exclude<Address, { kind: 'inline' }>): string {
  if (address.kind === 'handle') return `the function ${nameFunction(address.name, address.module)}`;
  const { name, file, line } = address.fingerprint;
  return `the function ${nameFunction(name, file || address.module, line)}`;
}
