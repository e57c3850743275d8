import { createHash } from 'node:crypto';
import type { Address } from '../../functions/address/address.js';
import { isSameName } from '../../functions/address/fingerprint.js';

/**
 * The properties by which a function is recognised on another machine, whose files may be compiled differently.
 *
 * - `handle`: the name of the export, as passed to `tasksFrom()`.
 * - `task`: the position among the functions of that name that `task()` marks in the module.
 * - `export`: its own name; the variables and exports that hold it; whether it captures variables of an enclosing
 *   function; whether it may be a default export without a variable; and a hash of its source text.
 */
export type FunctionIdentity =
  | { kind: 'handle'; name: string }
  | { kind: 'task'; name: string; ordinal: number }
  | { kind: 'export'; name: string; holders: string[]; closure: boolean; mayBeDefault: boolean; text: string };

/** An export of a module. Without an identity it is recognised by its name only. */
export interface ExportedFunction {
  name: string;
  identity?: FunctionIdentity;
}

export function identifyFunction(address: Exclude<Address, { kind: 'inline' }>): FunctionIdentity {
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

/** Whether an export is certainly the called function: another function must never run in its place. */
export function isSameFunction(called: FunctionIdentity, { name, identity }: ExportedFunction): boolean {
  if (called.kind === 'handle') return name === called.name;
  if (called.kind !== identity?.kind) return false;
  if (called.kind === 'task')
    return called.name === identity.name && called.ordinal === (identity as typeof called).ordinal;
  const { holders, text } = identity as typeof called;
  if (!isSameName(called.name, identity.name)) return false;
  if (called.holders.some((holder) => holders.includes(holder))) return true;
  // Closures from one factory share their source text, so it does not identify them.
  if (text === called.text && !called.closure) return true;
  return name === 'default' && called.mayBeDefault && isSameName(called.name, 'default');
}
