/** Features of a function by which another process recognises it. */

import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { types } from 'node:util';
import { isObject } from '../../util/guards.js';
import { toPath } from '../describe-function.js';
import { type CodeLocation, type FunctionLocation, locateFunction } from './locate-function.js';
import { findOriginalLine } from './original-line.js';

export interface Fingerprint {
  name: string;
  /** `fn.length`: the number of its parameters. */
  length: number;
  async: boolean;
  generator: boolean;
  text: string;
  /** The URL of its source file, without a query; `''` if it has none. */
  file: string;
  /** Its line there, counted from 1; 0 if unknown. */
  line: number;
  /** Whether the file contains the text of the function: no loader has rewritten it. */
  verbatim: boolean;
  /** Whether `line` is a line of the file, not of the code that a loader made of it. */
  exact: boolean;
  /**
   * Whether the program evaluated the module itself, as Jest and Vitest do, instead of through the loaders of Node.js:
   * a child does not inherit its compiler.
   */
  byProgram: boolean;
}

export function takeFingerprint(fn: (...args: never[]) => unknown, location: FunctionLocation): Fingerprint {
  const shape = {
    name: nameOf(fn),
    length: fn.length,
    async: types.isAsyncFunction(fn),
    generator: types.isGeneratorFunction(fn),
  };
  const text = textOf(fn);
  if (location.kind !== 'code')
    return { ...shape, text, file: '', line: 0, verbatim: false, exact: false, byProgram: false };
  const file = withoutQuery(location.url);
  const source = readSource(file);
  const verbatim = source.includes(text);
  const line = (verbatim ? findLine(source, text, location) : undefined) ?? findOriginalLine(location);
  const found = { line: line ?? location.line + 1, exact: line !== undefined };
  return { ...shape, text, file, ...found, verbatim, byProgram: isEvaluatedByProgram(location, file) };
}

function isEvaluatedByProgram({ scopes }: CodeLocation, file: string): boolean {
  return !scopes.some(({ description }) => description === 'Module') && !isLoadedByNode(toPath(file));
}

/** Modules that Jest evaluates are in the cache of each `require`, but not in the cache of Node.js itself. */
function isLoadedByNode(path: string): boolean {
  const cache: unknown = Reflect.get(Module, '_cache');
  return isObject(cache) && path in cache;
}

/** The name of a function; `''` if the program has set another type of `name`. */
export function nameOf(fn: (...args: never[]) => unknown): string {
  return typeof fn.name === 'string' ? fn.name : '';
}

/** The source text, also of a function with its own `toString`. */
export function textOf(fn: (...args: never[]) => unknown): string {
  return Function.prototype.toString.call(fn);
}

/**
 * Compares a function of this process with the fingerprint taken in another.
 *
 * - `same`: the same code, or the same position in the source.
 * - `different`: certainly another function.
 * - `alike`: the two processes compiled the source in different ways (Jest here, ts-node there), so the code cannot be
 *   compared, and everything else agrees. Whether that is enough depends on how the function was found.
 */
export function compareFunction(
  fn: (...args: never[]) => unknown,
  expected: Fingerprint,
): 'same' | 'alike' | 'different' {
  if (!isSameName(nameOf(fn), expected.name) || fn.length !== expected.length) return 'different';
  if (types.isAsyncFunction(fn) !== expected.async) return 'different';
  if (types.isGeneratorFunction(fn) !== expected.generator) return 'different';
  const text = textOf(fn);
  if (text === expected.text) return 'same';
  // Both texts are in the same file: they are two functions.
  if (expected.verbatim && readSource(expected.file).includes(text)) return 'different';
  return compareLocations(takeFingerprint(fn, locateFunction(fn)), expected);
}

/** The names that engines and compilers give to an anonymous `export default`. */
const NAMES_OF_DEFAULT = ['default', '_default', ''];

export function isSameName(actual: string, expected: string): boolean {
  return actual === expected || (NAMES_OF_DEFAULT.includes(actual) && NAMES_OF_DEFAULT.includes(expected));
}

function compareLocations(actual: Fingerprint, expected: Fingerprint): 'same' | 'alike' | 'different' {
  if (actual.file !== expected.file) return 'different';
  if (!actual.exact || !expected.exact) return 'alike';
  // Source maps of different compilers may disagree by a line on where a function begins, not by more.
  if (Math.abs(actual.line - expected.line) > 1) return 'different';
  const named = actual.name !== '' && expected.name !== '';
  return named && actual.line === expected.line ? 'same' : 'alike';
}

/** The text of a file; `''` if the module is not a readable file. */
export function readSource(url: string): string {
  try {
    return readFileSync(new URL(url), 'utf8');
  } catch {
    return '';
  }
}

/** The line of `text` in the file; if the file contains it more than once, that of the occurrence at `location`. */
function findLine(source: string, text: string, location: CodeLocation): number | undefined {
  let start = source.indexOf(text);
  if (source.includes(text, start + 1)) {
    start = source.lastIndexOf(text, offsetOf(source, location));
    if (start === -1 || start + text.length <= offsetOf(source, location)) return undefined;
  }
  return source.slice(0, start).split('\n').length;
}

function offsetOf(source: string, { line, column }: CodeLocation): number {
  const before = source.split('\n').slice(0, line);
  return before.reduce((offset, text) => offset + text.length + 1, column);
}

function withoutQuery(url: string): string {
  return url.startsWith('file:') ? url.replace(/[?#].*$/s, '') : url;
}
