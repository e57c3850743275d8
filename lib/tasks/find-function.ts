/** Picks the function out of an imported module, or says why there is none. */

import { TaskNotFoundError } from '../errors.js';
import type { Address } from './address.js';
import { findHolders } from './export-names.js';
import { compareFunction } from './fingerprint.js';
import { FIXES, toPath } from './messages.js';
import { registry } from './registry.js';

type AnyFunction = (...args: never[]) => unknown;
type AddressOf<K extends Address['kind']> = Extract<Address, { kind: K }>;

/** Finds an export that is the function of the address and certainly no other. */
export function findOwnExport(exports: object, address: AddressOf<'export'>, what: string): AnyFunction {
  const { fingerprint, module } = address;
  for (const name of address.names) {
    for (const fn of readExport(exports, name)) {
      if (compareFunction(fn, fingerprint) !== 'different') return fn;
    }
  }
  const others = listFunctions(exports).filter((fn) => compareFunction(fn, fingerprint) !== 'different');
  // What a module exports under another name may be held by the same variable in both processes.
  const held = others.find((fn) => findHolders(fn).some((holder) => address.holders.includes(holder)));
  if (held !== undefined) return held;
  // Under a name that says nothing, only the same code or place counts; and a closure is more than its code.
  const same = address.closure ? [] : others.filter((fn) => compareFunction(fn, fingerprint) === 'same');
  const found = new Set(same);
  const [only] = found;
  if (found.size === 1 && only !== undefined) return only;
  if (found.size > 1) {
    throw new TaskNotFoundError(
      `${what}: ${found.size} exports of ${toPath(module)} have this source text; ` +
        'name the one that is meant with task(import.meta.url, fn)',
    );
  }
  const namesake = readExport(exports, fingerprint.name).length > 0;
  throw new TaskNotFoundError(
    namesake
      ? `${what} is not the function that ${toPath(module)} exports under the name '${fingerprint.name}'; ${FIXES}`
      : `${what} is not an export of ${toPath(module)}; ${FIXES}`,
  );
}

/** Finds an export by its name alone, for that is all that `tasksFrom()` knows. */
export function findHandle(exports: object, { name, module }: AddressOf<'handle'>, what: string): AnyFunction {
  const [fn] = readExport(exports, name);
  if (fn !== undefined) return fn;
  const names = [...new Set(listNames(exports))].join(', ');
  throw new TaskNotFoundError(
    `${what}: ${toPath(module)} exports no function of that name; it exports ${names || 'no function'}`,
  );
}

/** Finds the function that `task()` marked while the module loaded. */
export function findMarked({ module, name, ordinal, fingerprint }: AddressOf<'task'>, what: string): AnyFunction {
  const marked = registry.tasks.get(module)?.get(name) ?? [];
  const fn = marked[ordinal];
  if (fn === undefined) {
    throw new TaskNotFoundError(
      `${what}: importing ${toPath(module)} marked ${marked.length} functions of that name with task(), ` +
        `and this would be number ${ordinal + 1}; task() must run while that module loads, each time it loads`,
    );
  }
  if (compareFunction(fn, fingerprint) === 'different') {
    throw new TaskNotFoundError(
      `${what}: number ${ordinal + 1} of that name that task() marks in ${toPath(module)} is another function here; ` +
        'task() must run in the same order each time that module loads',
    );
  }
  return fn;
}

/** The functions exported as `name`; a CommonJS module may have them on `module.exports` only. */
function readExport(exports: object, name: string): AnyFunction[] {
  return [readFunction(exports, name), readFunction(read(exports, 'default'), name)].filter((fn) => fn !== undefined);
}

function listFunctions(exports: object): AnyFunction[] {
  const direct = Object.keys(exports).map((name) => readFunction(exports, name));
  const inner = read(exports, 'default');
  const nested = keysOf(inner).map((name) => readFunction(inner, name));
  return [...direct, ...nested].filter((fn) => fn !== undefined);
}

function listNames(exports: object): string[] {
  const inner = read(exports, 'default');
  const direct = Object.keys(exports).filter((name) => readFunction(exports, name) !== undefined);
  const nested = keysOf(inner).filter((name) => readFunction(inner, name) !== undefined);
  return [...direct, ...nested];
}

function keysOf(value: unknown): string[] {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? Object.keys(value) : [];
}

function readFunction(from: unknown, name: string): AnyFunction | undefined {
  const value = read(from, name);
  return isFunction(value) ? value : undefined;
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function';
}

/** Only what the module itself put there: `toString` is on every object and is nobody's export. */
function read(from: unknown, name: string): unknown {
  if ((typeof from !== 'object' && typeof from !== 'function') || from === null) return undefined;
  try {
    return Object.hasOwn(from, name) ? Reflect.get(from, name) : undefined;
  } catch {
    // A getter that throws (a lazy export whose package is missing) is not what is looked for.
    return undefined;
  }
}
