/**
 * Which exports of its module may be a function, as far as the process that holds the function can tell.
 *
 * The module is never imported to look: while its own top level still runs, that would wait for itself for
 * ever. V8 shows the variables of the scopes around a function, and Node the exports of a CommonJS module.
 */

import { createRequire } from 'node:module';
import { types } from 'node:util';
import { type Fingerprint, readSource } from './fingerprint.js';
import type { CodePlace, Scope } from './locate-function.js';
import { toPath } from './messages.js';

export interface ExportNames {
  /** Exports to try, the surest first: variables that hold this very function, then what it may be called. */
  names: string[];
  /**
   * Whether it captures variables of a function around it. Such a function is not its source text: twins made
   * by one factory have the same, so it can only be found by a name that is known to hold it.
   */
  closure: boolean;
  /** Set if it is certain that no export of the module is this function: why that is so. */
  impossible?: 'not exported' | 'closure';
}

export function findExportNames(fn: object, place: CodePlace, fingerprint: Fingerprint): ExportNames {
  const { scopes } = place;
  const module = scopes.find(({ description }) => description === 'Module');
  return module === undefined
    ? findCommonJsNames(fn, place, fingerprint)
    : findEsmNames(module, scopes.indexOf(module) > 0, fingerprint);
}

/**
 * The scope of an ES module shows every exported variable, so a function that none of them holds can only be
 * the value of an `export default` without a variable.
 */
function findEsmNames(module: Scope, closure: boolean, { name, file }: Fingerprint): ExportNames {
  const source = readSource(file);
  const hasDefault = source === '' || /\bdefault\b/.test(source);
  const names = [...module.holders];
  if (hasDefault && !closure && name !== '') names.push('default');
  if (names.length > 0 || (hasDefault && !closure)) return { names, closure };
  return { names, closure, impossible: closure ? 'closure' : 'not exported' };
}

function findCommonJsNames(fn: object, { url, scopes }: CodePlace, { name }: Fingerprint): ExportNames {
  // The function that Node (or Jest) wraps around a CommonJS module is nothing but its top level.
  const outermost = scopes.at(-1);
  const topLevel = /^Closure( \(Object\.<anonymous>\))?$/.test(outermost?.description ?? '') ? outermost : undefined;
  const closure = scopes.some((scope) => scope !== topLevel);
  const holders = topLevel?.holders ?? [];

  const module = require.cache[toPath(url)];
  const seen = searchExports(fn, module?.exports, [...holders, name, 'default']);
  if (seen.names.length > 0) return { names: seen.names, closure };
  if (module?.loaded === true && seen.complete) return { names: [], closure, impossible: 'not exported' };
  const names = [...holders];
  if (!closure && name !== '') names.push(name, 'default');
  if (closure && holders.length === 0) return { names, closure, impossible: 'closure' };
  return { names: [...new Set(names)], closure };
}

const require = createRequire(import.meta.url);

/**
 * Looks through a CommonJS module's exports. Compilers export by harmless getters (and say `__esModule`); those
 * that somebody wrote may load a package when read, so of them only the likely names are read.
 */
function searchExports(fn: object, exports: unknown, likely: string[]): { names: string[]; complete: boolean } {
  if (exports === fn) return { names: ['default'], complete: true };
  if (types.isProxy(exports) || (typeof exports !== 'object' && typeof exports !== 'function') || exports === null) {
    return { names: [], complete: !types.isProxy(exports) };
  }
  const names: string[] = [];
  let complete = true;
  const compiled = Object.hasOwn(exports, '__esModule');
  for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(exports))) {
    if (property.get === undefined) {
      if (property.value === fn) names.push(key);
    } else if (!compiled && !likely.includes(key)) {
      complete = false;
    } else if (readGetter(exports, key) === fn) {
      names.push(key);
    }
  }
  return { names, complete };
}

function readGetter(exports: object, key: string): unknown {
  try {
    return Reflect.get(exports, key);
  } catch {
    return undefined;
  }
}
