/** What is known of a function in one process, to recognise it in another. */

import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { types } from 'node:util';
import { type CodePlace, locateFunction, type Place } from './locate-function.js';
import { toPath } from './messages.js';
import { findOriginalLine } from './original-line.js';

export interface Fingerprint {
  name: string;
  /** `fn.length`: the number of its parameters. */
  length: number;
  async: boolean;
  generator: boolean;
  text: string;
  /** The URL of the file it was written in, without a query; `''` if there is none. */
  file: string;
  /** Its line there, counted from 1; 0 if unknown. */
  line: number;
  /** Whether the function stands in the file as it runs, so that no loader has rewritten it. */
  verbatim: boolean;
  /** Whether `line` is a line of the file and not one of the code that a loader made of it. */
  exact: boolean;
  /**
   * Whether the program has evaluated its module by itself, as Jest and Vitest do, and not through the loaders of
   * Node.js: a child does not inherit what makes JavaScript of it.
   */
  byProgram: boolean;
}

export function takeFingerprint(fn: (...args: never[]) => unknown, place: Place): Fingerprint {
  const shape = {
    name: nameOf(fn),
    length: fn.length,
    async: types.isAsyncFunction(fn),
    generator: types.isGeneratorFunction(fn),
  };
  const text = textOf(fn);
  if (place.kind !== 'code')
    return { ...shape, text, file: '', line: 0, verbatim: false, exact: false, byProgram: false };
  const file = withoutQuery(place.url);
  const source = readSource(file);
  const verbatim = source.includes(text);
  const line = (verbatim ? findLine(source, text, place) : undefined) ?? findOriginalLine(place);
  const found = { line: line ?? place.line + 1, exact: line !== undefined };
  return { ...shape, text, file, ...found, verbatim, byProgram: isEvaluatedByProgram(place, file) };
}

function isEvaluatedByProgram({ scopes }: CodePlace, file: string): boolean {
  return !scopes.some(({ description }) => description === 'Module') && !isLoadedByNode(toPath(file));
}

/** Jest shows what it has evaluated itself as the cache of each `require`, but leaves Node's own cache alone. */
function isLoadedByNode(path: string): boolean {
  const cache: unknown = Reflect.get(Module, '_cache');
  return typeof cache === 'object' && cache !== null && path in cache;
}

/** Its name; a property `name` of the author's own need not be text. */
export function nameOf(fn: (...args: never[]) => unknown): string {
  return typeof fn.name === 'string' ? fn.name : '';
}

/** The source text, also for a function that has a `toString` of its own. */
export function textOf(fn: (...args: never[]) => unknown): string {
  return Function.prototype.toString.call(fn);
}

/**
 * Compares a function of this process with the fingerprint taken in another.
 *
 * - `same`: the same code, or the same place in the source.
 * - `different`: certainly another function.
 * - `alike`: the two processes rewrote the source in different ways (Jest here, ts-node there), so that the
 *   code cannot be compared, and nothing that can be speaks against it. Whether that is enough depends on how
 *   the function was found.
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
  // Both texts stand in the same file: they are two functions of it.
  if (expected.verbatim && readSource(expected.file).includes(text)) return 'different';
  return comparePlaces(takeFingerprint(fn, locateFunction(fn)), expected);
}

/** What engines and compilers call the value of an `export default` that has no name. */
const NAMES_OF_DEFAULT = ['default', '_default', ''];

export function isSameName(actual: string, expected: string): boolean {
  return actual === expected || (NAMES_OF_DEFAULT.includes(actual) && NAMES_OF_DEFAULT.includes(expected));
}

function comparePlaces(actual: Fingerprint, expected: Fingerprint): 'same' | 'alike' | 'different' {
  if (actual.file !== expected.file) return 'different';
  if (!actual.exact || !expected.exact) return 'alike';
  // Source maps of different compilers may disagree by a line on where a function begins, not by more.
  if (Math.abs(actual.line - expected.line) > 1) return 'different';
  const named = actual.name !== '' && expected.name !== '';
  return named && actual.line === expected.line ? 'same' : 'alike';
}

/** The text of a file, or nothing: a module need not be a file that can be read. */
export function readSource(url: string): string {
  try {
    return readFileSync(new URL(url), 'utf8');
  } catch {
    return '';
  }
}

/** The line of `text` in the file; where it stands there more than once, of the one that `place` points into. */
function findLine(source: string, text: string, place: CodePlace): number | undefined {
  let start = source.indexOf(text);
  if (source.includes(text, start + 1)) {
    start = source.lastIndexOf(text, offsetOf(source, place));
    if (start === -1 || start + text.length <= offsetOf(source, place)) return undefined;
  }
  return source.slice(0, start).split('\n').length;
}

function offsetOf(source: string, { line, column }: CodePlace): number {
  const before = source.split('\n').slice(0, line);
  return before.reduce((offset, text) => offset + text.length + 1, column);
}

function withoutQuery(url: string): string {
  return url.startsWith('file:') ? url.replace(/[?#].*$/s, '') : url;
}
