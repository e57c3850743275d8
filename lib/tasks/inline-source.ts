/** Evaluates the source text of an `inline()` function, in a child. */

import Module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TaskNotFoundError } from '../errors.js';
import type { Address } from './address.js';
import { nameFunction } from './messages.js';

/** What Node does not document of its modules but all that compile code by hand rely on. */
interface CompilableModule {
  exports: unknown;
  filename: string;
  paths: string[];
  _compile(content: string, filename: string): void;
}

/**
 * esbuild, and tsx with it, wraps named functions inside of others in calls of this, to keep their names. It defines it at
 * the top of its output, which does not travel with the text of one function.
 */
const KEEP_NAME = "const __name = (fn, value) => Object.defineProperty(fn, 'name', { value, configurable: true });";

/**
 * Compiles the text as a CommonJS module in the place of the file it comes from. Of all the ways Node has to
 * evaluate text, that is the only one in which `import()` and `require()` work, find what they would find
 * there, and warn of nothing; and errors show the original file and line.
 */
export function evaluateInline(address: Extract<Address, { kind: 'inline' }>): (...args: never[]) => unknown {
  const { name, text, origin, line } = address;
  const filename = origin.startsWith('file:') ? fileURLToPath(origin) : join(process.cwd(), `[inline ${name}]`);
  const module = makeModule(filename);
  const padding = '\n'.repeat(Math.max(line - 1, 0));
  try {
    module._compile(`'use strict';${KEEP_NAME}${padding}module.exports = (${text});`, filename);
  } catch (error) {
    throw new TaskNotFoundError(
      `the source text of ${nameFunction(name, origin, line)}, sent by inline(), cannot be evaluated: ${error}`,
      { cause: error },
    );
  }
  if (isFunction(module.exports)) return module.exports;
  throw new TaskNotFoundError(`the source text of ${nameFunction(name, origin, line)} is not that of a function`);
}

function makeModule(filename: string): CompilableModule {
  const module: object = new Module(filename);
  return Object.assign(module as CompilableModule, { filename, paths: nodeModulesAbove(dirname(filename)) });
}

function nodeModulesAbove(folder: string): string[] {
  const parent = dirname(folder);
  return [join(folder, 'node_modules'), ...(parent === folder ? [] : nodeModulesAbove(parent))];
}

function isFunction(value: unknown): value is (...args: never[]) => unknown {
  return typeof value === 'function';
}
