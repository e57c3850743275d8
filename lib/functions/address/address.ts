/** Finds the address of a function: the data by which another process finds it again. */

import { inspect } from 'node:util';
import { TaskNotFoundError } from '../../errors.js';
import type { AnyFunction } from '../../util/guards.js';
import { forbids } from '../../util/permissions.js';
import { FIXES, nameFunction } from '../describe-function.js';
import { type Mark, registry } from '../marks/marked-functions.js';
import { type ExportNames, findExportNames, isImportable } from './export-names.js';
import { type Fingerprint, nameOf, takeFingerprint, textOf } from './fingerprint.js';
import { type CodeLocation, type FunctionLocation, locateFunction } from './locate-function.js';

/**
 * A function that a task calls. It may be async; another process must be able to find it.
 *
 * @since 0.2.0
 */
export type TaskFunction<A extends unknown[], R> = (...args: A) => R | PromiseLike<R>;

/**
 * A function that returns values of different types, some of them as promises: the compiler finds no `R` for
 * {@link TaskFunction} then. An overload with it comes second, because for a type parameter the compiler does not know
 * that `Awaited<T>` is a `T`.
 */
export type MixedFunction<A extends unknown[], R> = (...args: A) => R;

/**
 * Where another process finds a function again: plain data that is sent unchanged.
 *
 * - `export`: import `module`, take the export that is this function.
 * - `handle`: import `module`, take the export `name`; made by `tasksFrom()`.
 * - `task`: import `file`, or else `module`; take the `ordinal`-th function of this name that `task()` marked for
 *   `module`.
 * - `inline`: evaluate `text`, an expression, as if it stood at `line` of the file `origin` (`''`: no file).
 */
export type Address =
  | {
      kind: 'export';
      module: string;
      /** Exports to try, and variables at the module's top level that hold the function. */
      names: string[];
      holders: string[];
      closure: boolean;
      fingerprint: Fingerprint;
    }
  | { kind: 'handle'; module: string; name: string }
  | { kind: 'task'; module: string; name: string; ordinal: number; file?: string; fingerprint: Fingerprint }
  | { kind: 'inline'; name: string; text: string; origin: string; line: number };

const addresses = new WeakMap<object, Address>();

/**
 * Finds the address of a function; the same object for the same function.
 *
 * @param role - names the function in errors.
 *
 * @throws TypeError if `fn` is not a function.
 * @throws TaskNotFoundError if it is certain that no other process can find it.
 */
export function addressOf(fn: unknown, role?: string): Address {
  const address = addressLater(fn, role);
  completeAddress(address);
  return address;
}

/**
 * Like {@link addressOf}, for an address that is sent later: if the module of the function is still loading,
 * {@link completeAddress} looks again.
 */
export function addressLater(fn: unknown, role = 'the task'): Address {
  if (typeof fn !== 'function') throw new TypeError(`${role} must be a function, not ${inspect(fn, { depth: 0 })}`);
  const known = addresses.get(fn);
  if (known !== undefined) return known;
  return remember(fn, makeAddress(fn as AnyFunction, role));
}

/** Finds the address of a class, which is loaded like a function. Throws like {@link addressOf}. */
export function addressOfClass(definition: unknown, role: string): Address {
  if (typeof definition !== 'function' || !isClass(definition as AnyFunction)) {
    throw new TypeError(`${role} must be a class, not ${inspect(definition, { depth: 0 })}`);
  }
  return addresses.get(definition) ?? remember(definition, findExport(definition as AnyFunction, role, 'class'));
}

function remember(fn: object, address: Address): Address {
  addresses.set(fn, address);
  return address;
}

function isClass(fn: AnyFunction): boolean {
  return /^(class\b|@)/.test(textOf(fn));
}

function makeAddress(fn: AnyFunction, role: string): Address {
  const mark = registry.marks.get(fn);
  return mark === undefined ? findExport(fn, role, 'function') : addressOfMark(fn, mark);
}

function addressOfMark(fn: AnyFunction, mark: Mark): Address {
  if (mark.kind === 'handle') return { ...mark };
  const fingerprint = takeFingerprint(fn, locateIfPossible(fn));
  if (mark.kind === 'task') return { ...mark, fingerprint };
  const { name, file, line } = fingerprint;
  const inFile = isImportable(file);
  return { kind: 'inline', name, text: mark.text, origin: inFile ? file : '', line: inFile ? line : 0 };
}

/** A marked function is found by its mark; its location only makes errors better. */
function locateIfPossible(fn: AnyFunction): FunctionLocation {
  try {
    return locateFunction(fn);
  } catch {
    return { kind: 'native' };
  }
}

function findExport(fn: AnyFunction, role: string, wanted: 'function' | 'class'): Address {
  const location = locate(fn, role);
  const fingerprint = takeFingerprint(fn, location);
  const what = `${role} ${nameFunction(fingerprint.name, fingerprint.file, fingerprint.line)}`;
  if (location.kind === 'bound') {
    throw new TaskNotFoundError(
      `${what} is a bound function, which another process cannot recreate; ` +
        'pass the values as arguments, or name it with task(import.meta.url, fn)',
    );
  }
  if (location.kind === 'native' || location.url.startsWith('node:')) {
    throw new TaskNotFoundError(
      `${what} has no JavaScript source (it is built into Node.js, or a Proxy), ` +
        'so no module of yours exports it; export a function that calls it',
    );
  }
  if (wanted === 'function' && isClass(fn)) {
    throw new TaskNotFoundError(`${what} is a class, which cannot be called; export a function that uses it`);
  }
  const { module, names, holders, closure, impossible, loading } = findExportNames(fn, location, fingerprint);
  const address: Address = { kind: 'export', module, names, holders, closure, fingerprint };
  if (impossible === undefined) return address;
  const error = new TaskNotFoundError(explainImpossible(what, fingerprint, impossible, location, loading));
  if (!loading) throw error;
  unfinished.set(address, { fn, role, wanted, error });
  return address;
}

/** A function whose module is still loading and does not export it yet. */
interface Unfinished {
  fn: AnyFunction;
  role: string;
  wanted: 'function' | 'class';
  error: TaskNotFoundError;
}

const unfinished = new WeakMap<Address, Unfinished>();

/**
 * Looks again for an export that was missing, just before the address is sent.
 *
 * @throws TaskNotFoundError if it is still missing.
 */
export function completeAddress(address: Address): void {
  const state = unfinished.get(address);
  if (state === undefined) return;
  const found = findExport(state.fn, state.role, state.wanted);
  const still = unfinished.get(found);
  if (still !== undefined) throw still.error;
  Object.assign(address, found);
  unfinished.delete(address);
}

function locate(fn: AnyFunction, role: string): FunctionLocation {
  try {
    return locateFunction(fn);
  } catch (cause) {
    const isForbidden = forbids('inspector', '--allow-inspector');
    throw new TaskNotFoundError(
      `cannot locate ${role} ${nameFunction(nameOf(fn))}, because Node.js denies access to its ` +
        `inspector; ${isForbidden ? 'run node with --allow-inspector, or ' : ''}` +
        'name its module with task(import.meta.url, fn)',
      { cause },
    );
  }
}

function explainImpossible(
  what: string,
  { name }: Fingerprint,
  impossible: NonNullable<ExportNames['impossible']>,
  { url, scopes }: CodeLocation,
  loading: boolean,
): string {
  if (loading) {
    return (
      `${what} is not yet an export of its module, which is still loading; call the pool once it has loaded, ` +
      'or name the function with task(import.meta.url, fn), which a bundle with a top-level await requires'
    );
  }
  if (impossible === 'no file') {
    const fix = url.startsWith('webpack')
      ? "build with another devtool than 'eval', or name it with task(import.meta.url, fn)"
      : 'put it into a module and export it, or send its source with inline(fn)';
    return `${what} comes from code without a file (${url || 'eval'}), so another process cannot import it; ${fix}`;
  }
  if (impossible === 'closure') {
    const maker = /^Closure \((.+)\)$/.exec(scopes[0]?.description ?? '')?.[1];
    return (
      `${what} is a closure${maker === undefined ? '' : ` made in '${maker}'`} that no export of its module holds; ` +
      'make it once at the top level of the module and export it, or name it with task(import.meta.url, fn)'
    );
  }
  if (name === '') return `${what} is not an export of its module; give it a name and ${FIXES}`;
  return `${what} is not an export of its module; ${FIXES}`;
}
