/** Finds the function of an address in an imported module, or explains why it is missing. */

import { TaskNotFoundError } from '../../errors.js';
import { type AnyFunction, isFunction, isObject } from '../../util/guards.js';
import type { Address } from '../address/address.js';
import { findHolders } from '../address/export-names.js';
import { compareFunction } from '../address/fingerprint.js';
import { FIXES, toPath } from '../describe-function.js';
import { registry } from '../marks/marked-functions.js';

type AddressOf<K extends Address['kind']> = Extract<Address, { kind: K }>;

/** Finds the export that certainly is the function of the address. */
export function findOwnExport(exports: object, address: AddressOf<'export'>, what: string): AnyFunction {
  const { fingerprint, module } = address;
  for (const name of address.names) {
    for (const fn of readExport(exports, name)) {
      if (compareFunction(fn, fingerprint) !== 'different') return fn;
    }
  }
  const others = listFunctions(exports).filter((fn) => compareFunction(fn, fingerprint) !== 'different');
  // An export with another name may be held by the same variable in both processes.
  const held = others.find((fn) => findHolders(fn).some((holder) => address.holders.includes(holder)));
  if (held !== undefined) return held;
  // Under an unrelated name only the same code or position counts; that does not identify a closure.
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

/** Finds an export by its name alone: `tasksFrom()` knows nothing else. */
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
  return isObject(value) || isFunction(value) ? Object.keys(value) : [];
}

function readFunction(from: unknown, name: string): AnyFunction | undefined {
  const value = read(from, name);
  return isFunction(value) ? value : undefined;
}

/** Only own properties: every object inherits `toString`, which is not an export. */
function read(from: unknown, name: string): unknown {
  if (!isObject(from) && !isFunction(from)) return undefined;
  try {
    return Object.hasOwn(from, name) ? Reflect.get(from, name) : undefined;
  } catch {
    // A getter that throws (a lazy export whose package is missing) is not the wanted function.
    return undefined;
  }
}
