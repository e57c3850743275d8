/**
 * Which exports of its module may be a function, as far as the process that holds the function can tell.
 *
 * The module is never imported to look: while its own top level still runs, that would wait for itself for
 * ever. V8 shows the variables of the scopes around a function, and Node the exports of a CommonJS module.
 */

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { type Fingerprint, readSource } from './fingerprint.js';
import { type CodePlace, locateFunction, readScript, type Scope } from './locate-function.js';
import { toPath } from './messages.js';

export interface ExportNames {
  /** The file to import. It is not where the function was written if a bundler evaluates the modules of a bundle one by one. */
  module: string;
  /** Exports to try, the surest first: variables that hold this very function, then what it may be called. */
  names: string[];
  /** The variables at the top level of the module that hold this very function. */
  holders: string[];
  /**
   * Whether it captures variables of a function around it. Such a function is not its source text: twins made
   * by one factory have the same, so it can only be found by a name that is known to hold it.
   */
  closure: boolean;
  /** Set if no export of the module is this function, as far as can be seen: why that is so. */
  impossible?: 'not exported' | 'closure' | 'no file';
  /** Whether the module may show more once it has loaded. */
  loading: boolean;
}

export function findExportNames(fn: object, place: CodePlace, fingerprint: Fingerprint): ExportNames {
  const index = place.scopes.findIndex(({ description }) => description === 'Module');
  return index === -1 ? findCommonJsNames(fn, place, fingerprint) : findEsmNames(place, index, fingerprint);
}

/**
 * The scope of an ES module shows every exported variable, so a function that none of them holds can only be
 * the value of an `export default` without a variable.
 */
function findEsmNames({ url, scopes }: CodePlace, index: number, { name, file }: Fingerprint): ExportNames {
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

function findCommonJsNames(fn: object, place: CodePlace, { name }: Fingerprint): ExportNames {
  const { url, scopes } = place;
  const topLevel = findTopLevel(place);
  const closure = topLevel === -1 ? scopes.length > 0 : topLevel > 0;
  const holders = scopes[topLevel]?.holders ?? [];
  const likely = [...holders, name, 'default'];

  const own = require.cache[toPath(url)];
  const seen = searchExports(fn, own?.exports, likely);
  if (seen.names.length > 0) return { module: url, names: seen.names, holders, closure, loading: false };
  if (!isImportable(url)) return searchModules(fn, likely);
  // With a top-level await in it, what a bundle exports is a promise of its exports.
  const loading = own?.loaded === false || types.isPromise(own?.exports);
  if (own !== undefined && !loading && seen.complete) {
    return { module: url, names: [], holders, closure, loading, impossible: 'not exported' };
  }
  // A function that uses nothing of its module does not have the module's scope around it, and V8 calls that of a callback
  // the same. Without a name only its text could tell it from its twins, and that is theirs too.
  if (name === '' && holders.length === 0 && scopes[topLevel]?.description === 'Closure') {
    return { module: url, names: [], holders, closure: true, loading, impossible: 'closure' };
  }
  const names = [...new Set(closure || name === '' ? holders : likely)];
  const found = { module: url, names, holders, closure, loading };
  return closure && holders.length === 0 ? { ...found, impossible: 'closure' } : found;
}

/**
 * Which of the scopes around a function of no ES module is its module's top level; -1: none.
 *
 * - The function that Node (or Jest) wraps around a CommonJS module is outermost.
 * - Bundlers wrap the modules of a bundle in functions that have a path for their name, which no other function has.
 * - Vitest wraps a module in a function with a block in it. The block is there as soon as the module exports anything,
 *   for exports are read through functions that capture them.
 */
function findTopLevel(place: CodePlace): number {
  const { scopes } = place;
  const bundled = scopes.findIndex(({ description }) => /^(Block|Closure) \([^()]*\/[^()]*\)$/.test(description));
  if (bundled !== -1) return bundled;
  const outermost = scopes.length - 1;
  const words = scopes.slice(-2).map(({ description }) => description);
  if (words.at(-1) === 'Block' || (words[0] === 'Block' && words[1] === 'Closure')) {
    if (VITEST_WRAPPER.test(readScript(place.scriptId)))
      return scopes.findLastIndex(({ description }) => description === 'Block');
  }
  return /^Closure( \(Object\.<anonymous>\))?$/.test(words.at(-1) ?? '') ? outermost : -1;
}

const VITEST_WRAPPER = /^'use strict';async \([^)]*\)=>\{\{/;

/** A bundle for development evaluates the text of each of its modules: no file has their code, but a bundle has their exports. */
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
  const place = locateFunction(fn);
  if (place.kind !== 'code') return [];
  const module = place.scopes.find(({ description }) => description === 'Module');
  return (module ?? place.scopes[findTopLevel(place)])?.holders ?? [];
}

/** `node -e`, `--input-type`, the REPL and standard input name their code `[eval1]`, `[stdin]`, `REPL1`. */
export function isImportable(url: string): boolean {
  return /^(file|data):/.test(url) && !/\/\[(eval|stdin)\d*\](-wrapper)?$/.test(url);
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
