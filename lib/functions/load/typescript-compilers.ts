/** Installed TypeScript compilers, for children that inherit no loader from their parent. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as Swc from '@swc/core';
import type * as TypeScript from 'typescript';

/** The path of a file of an installed package, resolved from the file at `path` or from this package. */
export function resolveInstalled(specifier: string, path: string): string | undefined {
  for (const from of [path, fileURLToPath(import.meta.url)]) {
    try {
      return createRequire(from).resolve(specifier);
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}

/** Make `require` load TypeScript; each returns whether it can. */
const COMPILERS: Readonly<Record<string, (file: string, path: string) => boolean>> = {
  'ts-node': registerTsNode,
  'tsx/cjs/api': registerTsx,
  // What @swc/jest uses.
  '@swc/core': registerSwc,
  // What ts-jest uses.
  typescript: registerTypeScript,
};

/**
 * Makes `require` load TypeScript, through the first compiler that is installed.
 *
 * @returns whether one is installed.
 */
export function registerCommonJsCompiler(path: string): boolean {
  return Object.entries(COMPILERS).some(([specifier, register]) => {
    const file = resolveInstalled(specifier, path);
    return file !== undefined && register(file, path);
  });
}

const require = createRequire(import.meta.url);

function registerTsNode(file: string, path: string): boolean {
  withTsNodeDefaults(path, () => require(file).register());
  return true;
}

function registerTsx(file: string): boolean {
  require(file).register();
  return true;
}

function registerSwc(file: string): boolean {
  const { transformSync }: typeof Swc = require(file);
  hookRequire((text, filename) => {
    const parser = { syntax: 'typescript', tsx: filename.endsWith('x'), decorators: true } as const;
    // Settings in the user's .swcrc take precedence.
    const { code } = transformSync(text, {
      filename,
      sourceMaps: 'inline',
      jsc: { parser, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    return code;
  });
  return true;
}

function registerTypeScript(file: string, path: string): boolean {
  const ts: typeof TypeScript = require(file);
  // Version 7 is a native program, which a process cannot call.
  if (typeof ts.transpileModule !== 'function') return false;
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    ...readTsconfig(ts, path),
    module: ts.ModuleKind.CommonJS,
    verbatimModuleSyntax: false,
    sourceMap: false,
    inlineSourceMap: true,
  };
  hookRequire((text, fileName) => ts.transpileModule(text, { fileName, compilerOptions }).outputText);
  return true;
}

function readTsconfig(ts: typeof TypeScript, path: string): TypeScript.CompilerOptions {
  const file = ts.findConfigFile(dirname(path), ts.sys.fileExists);
  if (file === undefined) return {};
  const { config } = ts.readConfigFile(file, ts.sys.readFile);
  // The list of the project's files is not needed.
  const host = { ...ts.sys, readDirectory: () => [] };
  return ts.parseJsonConfigFileContent(config, host, dirname(file)).options;
}

interface CompilableModule {
  _compile(code: string, filename: string): void;
}

function hookRequire(compile: (text: string, filename: string) => string): void {
  const hook = (module: CompilableModule, filename: string) =>
    module._compile(compile(readFileSync(filename, 'utf8'), filename), filename);
  for (const extension of ['.ts', '.cts', '.tsx']) Reflect.set(require.extensions, extension, hook);
}

/**
 * Sets defaults of ts-node that the user's tsconfig.json and environment override: no type check, which costs a child a
 * second and 100 MB, and a `rootDir`, which TypeScript 6 requires. ts-node reads the environment when it loads; tasks
 * must not see these variables.
 */
export function withTsNodeDefaults(path: string, run: () => void): void {
  const defaults = {
    TS_NODE_TRANSPILE_ONLY: 'true',
    TS_NODE_COMPILER_OPTIONS: JSON.stringify({ rootDir: parse(path).root, ...missingOptions() }),
  };
  const unset = Object.entries(defaults).filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of unset) process.env[name] = value;
  try {
    run();
  } finally {
    for (const [name] of unset) delete process.env[name];
  }
}

/** Without a tsconfig.json, ts-node chooses options that TypeScript 6 rejects. */
function missingOptions(): object {
  const nodeNext = { module: 'nodenext', moduleResolution: 'nodenext', target: 'es2022' };
  return hasAbove('tsconfig.json', process.cwd()) ? {} : nodeNext;
}

function hasAbove(name: string, folder: string): boolean {
  const parent = dirname(folder);
  return existsSync(join(folder, name)) || (parent !== folder && hasAbove(name, parent));
}
