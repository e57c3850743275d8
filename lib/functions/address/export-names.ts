/**
 * Finds the exports of a module that may be a function, as far as the process that holds the function can tell.
 *
 * The module is never imported for that: while its own top level runs, the import would wait for itself forever. V8
 * shows the variables of the scopes around a function, and Node.js the exports of a CommonJS module.
 */

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { isFunction, isObject } from '../../util/guards.js';
import { toPath } from '../describe-function.js';
import { type Fingerprint, readSource } from './fingerprint.js';
import { type CodeLocation, locateFunction, readScript, type Scope } from './locate-function.js';

export interface ExportNames {
  /** The file to import. It is not the source file if a bundler evaluates the modules of a bundle one by one. */
  module: string;
  /** Exports to try, the most certain first: variables that hold this function, then names that it may have. */
  names: string[];
  /** The variables at the top level of the module that hold this function. */
  holders: string[];
  /**
   * Whether it captures variables of a function around it. Its source text does not identify it, because the functions
   * that one factory makes share it: only a name that is known to hold it does.
   */
  closure: boolean;
  /** Why no visible export of the module is this function; unset if one may be. */
  impossible?: 'not exported' | 'closure' | 'no file';
  /** Whether the module may have more exports once it has loaded. */
  loading: boolean;
}

export function findExportNames(fn: object, location: CodeLocation, fingerprint: Fingerprint): ExportNames {
  const index = location.scopes.findIndex(({ description }) => description === 'Module');
  return index === -1 ? findCommonJsNames(fn, location, fingerprint) : findEsmNames(location, index, fingerprint);
}

/**
 * The scope of an ES module shows every exported variable, so a function that none of them holds can only be
 * the value of an `export default` without a variable.
 */
function findEsmNames({ url, scopes }: CodeLocation, index: number, { name, file }: Fingerprint): ExportNames {
  const source = readSource(file);
  const hasDefault = source === '' || /\bdefault\b/.test(source);
  const closure = index > 0;
  const holders = scopes[index]?.holders ?? [];
  const names = [...holders];
  if (hasDefault && !closure && name !== '') names.push('default');
  const found = {
    module: url,
    names,
    holders,
    closure,
    loading: names.length === 0 && isBundle(source, scopes),
  };
  if (!isImportable(url)) return { ...found, impossible: 'no file' };
  if (names.length > 0 || (hasDefault && !closure)) return found;
  return { ...found, impossible: closure ? 'closure' : 'not exported' };
}

/** webpack sets the exports of a bundle when everything else has run. For production it names modules by numbers. */
function isBundle(source: string, scopes: readonly Scope[]): boolean {
  return (
    source.includes('__webpack_exports__') || scopes.some(({ description }) => /^Closure \(\d+\)$/.test(description))
  );
}

function findCommonJsNames(fn: object, location: CodeLocation, { name }: Fingerprint): ExportNames {
  const { url, scopes } = location;
  const topLevel = findTopLevel(location);
  const closure = topLevel === -1 ? scopes.length > 0 : topLevel > 0;
  const holders = scopes[topLevel]?.holders ?? [];
  const likely = [...holders, name, 'default'];

  const own = require.cache[toPath(url)];
  const seen = searchExports(fn, own?.exports, likely);
  if (seen.names.length > 0) return { module: url, names: seen.names, holders, closure, loading: false };
  if (!isImportable(url)) return searchModules(fn, likely);
  // A bundle with a top-level await exports a promise of its exports.
  const loading = own?.loaded === false || types.isPromise(own?.exports);
  if (own !== undefined && !loading && seen.complete) {
    return { module: url, names: [], holders, closure, loading, impossible: 'not exported' };
  }
  // V8 omits the scope of the module for a function that uses nothing of it, and describes the scope of a callback the
  // same way. Without a name, only its text could identify the function, and others may share that.
  if (name === '' && holders.length === 0 && scopes[topLevel]?.description === 'Closure') {
    return { module: url, names: [], holders, closure: true, loading, impossible: 'closure' };
  }
  const names = [...new Set(closure || name === '' ? holders : likely)];
  const found = { module: url, names, holders, closure, loading };
  return closure && holders.length === 0 ? { ...found, impossible: 'closure' } : found;
}

/**
 * The index of the scope that is the top level of the module, for a function outside of ES modules; -1 if it is
 * missing.
 *
 * - The function that Node.js (or Jest) wraps around a CommonJS module is outermost.
 * - Bundlers wrap the modules of a bundle in functions whose name is a path; other functions have no such name.
 * - Vitest wraps a module in a function with a block in it. The block is there as soon as the module exports anything,
 *   because exports are read through functions that capture them.
 */
function findTopLevel(location: CodeLocation): number {
  const { scopes } = location;
  const bundled = scopes.findIndex(({ description }) => /^(Block|Closure) \([^()]*\/[^()]*\)$/.test(description));
  if (bundled !== -1) return bundled;
  const outermost = scopes.length - 1;
  const words = scopes.slice(-2).map(({ description }) => description);
  if (words.at(-1) === 'Block' || (words[0] === 'Block' && words[1] === 'Closure')) {
    if (VITEST_WRAPPER.test(readScript(location.scriptId)))
      return scopes.findLastIndex(({ description }) => description === 'Block');
  }
  return /^Closure( \(Object\.<anonymous>\))?$/.test(words.at(-1) ?? '') ? outermost : -1;
}

const VITEST_WRAPPER = /^'use strict';async \([^)]*\)=>\{\{/;

/**
 * A development bundle evaluates the text of each of its modules: their code is in no file, but the bundle has their
 * exports.
 */
function searchModules(fn: object, likely: string[]): ExportNames {
  const modules = Object.values(require.cache).filter((module) => module !== undefined);
  const own = modules.filter(({ filename }) => !/[\\/]node_modules[\\/]/.test(filename));
  for (const { filename, exports } of own) {
    const { names } = searchExports(fn, exports, likely);
    const module = pathToFileURL(filename).href;
    if (names.length > 0) return { module, names, holders: [], closure: true, loading: false };
  }
  const loading = own.some(({ loaded, exports }) => !loaded || types.isPromise(exports));
  return { module: '', names: [], holders: [], closure: true, loading, impossible: 'no file' };
}

/** The variables at the top level of its module that hold this function: the same ones in every process. */
export function findHolders(fn: object): readonly string[] {
  const location = locateFunction(fn);
  if (location.kind !== 'code') return [];
  const module = location.scopes.find(({ description }) => description === 'Module');
  return (module ?? location.scopes[findTopLevel(location)])?.holders ?? [];
}

/** `node -e`, `--input-type`, the REPL and standard input name their code `[eval1]`, `[stdin]`, `REPL1`. */
export function isImportable(url: string): boolean {
  return /^(file|data):/.test(url) && !/\/\[(eval|stdin)\d*\](-wrapper)?$/.test(url);
}

const require = createRequire(import.meta.url);

/**
 * Searches the exports of a CommonJS module. Compilers export through harmless getters (and set `__esModule`). A
 * handwritten getter may load a package, so it is read only if its name is likely.
 */
function searchExports(fn: object, exports: unknown, likely: string[]): { names: string[]; complete: boolean } {
  if (exports === fn) return { names: ['default'], complete: true };
  if (types.isProxy(exports) || (!isObject(exports) && !isFunction(exports))) {
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
