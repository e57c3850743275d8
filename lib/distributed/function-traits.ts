import { createHash } from 'node:crypto';
import type { Address } from '../tasks/address.js';
import { isSameName } from '../tasks/fingerprint.js';

/**
 * What is known of a function, to recognise it on another machine, whose files may be compiled otherwise.
 *
 * - `handle`: the export that `tasksFrom()` names.
 * - `task`: which of the functions of that name `task()` marks in its module.
 * - `export`: its own name, the variables and exports that hold it, whether it captures variables of a function around
 *   it, whether it may be an export without a variable, and a hash of its source text.
 */
export type FunctionTraits =
  | { kind: 'handle'; name: string }
  | { kind: 'task'; name: string; ordinal: number }
  | { kind: 'export'; name: string; holders: string[]; closure: boolean; mayBeDefault: boolean; text: string };

/** An export of a module; without traits it is only known by its name. */
export interface ExportedFunction {
  name: string;
  traits?: FunctionTraits;
}

export function describeFunction(address: Exclude<Address, { kind: 'inline' }>): FunctionTraits {
  if (address.kind === 'handle') return { kind: 'handle', name: address.name };
  if (address.kind === 'task') return { kind: 'task', name: address.name, ordinal: address.ordinal };
  const { names, closure, fingerprint } = address;
  return {
    kind: 'export',
    name: fingerprint.name,
    holders: names.filter((name) => name !== 'default'),
    closure,
    mayBeDefault: names.includes('default'),
    text: createHash('sha256').update(fingerprint.text).digest('base64'),
  };
}

/** Whether an export is certainly the function that was called: another one must never run in its place. */
export function isSameFunction(called: FunctionTraits, { name, traits }: ExportedFunction): boolean {
  if (called.kind === 'handle') return name === called.name;
  if (called.kind !== traits?.kind) return false;
  if (called.kind === 'task')
    return called.name === traits.name && called.ordinal === (traits as typeof called).ordinal;
  const { holders, text } = traits as typeof called;
  if (!isSameName(called.name, traits.name)) return false;
  if (called.holders.some((holder) => holders.includes(holder))) return true;
  // Twins that a factory made have the same source, so it says nothing of a closure.
  if (text === called.text && !called.closure) return true;
  return name === 'default' && called.mayBeDefault && isSameName(called.name, 'default');
}
