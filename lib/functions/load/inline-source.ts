/** Evaluates the source text of an `inline()` function, in a child. */

import Module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TaskNotFoundError } from '../../errors.js';
import { isFunction } from '../../util/guards.js';
import type { Address } from '../address/address.js';
import { nameFunction } from '../describe-function.js';

/** The undocumented part of a module of Node.js on which all tools that compile code rely. */
interface CompilableModule {
  exports: unknown;
  filename: string;
  paths: string[];
  _compile(content: string, filename: string): void;
}

/**
 * esbuild, and therefore tsx, wraps nested named functions in calls of this helper to keep their names. It defines the
 * helper at the top of its output, which the text of a function does not include.
 */
const KEEP_NAME = "const __name = (fn, value) => Object.defineProperty(fn, 'name', { value, configurable: true });";

/**
 * Compiles the text as a CommonJS module with the path of its source file. Node.js has no other way to evaluate text in
 * which `import()` and `require()` resolve as they do in that file, without warnings; and errors show the original file
 * and line.
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
