/**
 * Loads modules written in TypeScript.
 *
 * A child inherits the loader with which its parent was started. A parent that compiles sources itself (Jest, Vitest)
 * has no such loader; its children look for an installed one.
 */

import { readFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isObject } from '../../util/guards.js';
import { locateFunction } from '../address/locate-function.js';
import { registerCommonJsCompiler, resolveInstalled, withTsNodeDefaults } from './typescript-compilers.js';

export function isTypeScript(url: string): boolean {
  return url.startsWith('file:') && /\.(tsx|[cm]?ts)$/.test(new URL(url).pathname);
}

/**
 * Node's own type stripping is the last choice: it takes a file with `import` for an ES module, lacks `enum`, and does
 * not resolve paths without an extension.
 *
 * @param byProgram - whether the parent evaluated the module itself, without the loaders of Node.js.
 */
export async function importTypeScript(url: string, byProgram: boolean): Promise<object> {
  const path = fileURLToPath(url);
  const stripsTypes = Boolean(Reflect.get(process.features, 'typescript')) && !path.endsWith('x');
  if (isCommonJs(path)) {
    const isHooked = hasRequireHook() || ((byProgram || !stripsTypes) && registerCommonJsCompiler(path));
    if (isHooked) return { default: createRequire(url)(path) };
  }
  if (stripsTypes) return import(url);
  if (isCommonJs(path)) throw createLoaderError();
  return importEsTypeScript(url, path);
}

/**
 * A loader for `import` does not help a CommonJS module: Node compiles that on the main thread, where only a
 * hook of `require` sees it. Every loader (ts-node, tsx, swc) sets `require.extensions`, as type stripping does.
 */
function hasRequireHook(): boolean {
  const hook = createRequire(import.meta.url).extensions['.ts'];
  if (hook === undefined) return false;
  if (!Reflect.get(process.features, 'typescript')) return true;
  const location = locateFunction(hook);
  return !(location.kind === 'code' && location.url.startsWith('node:'));
}

/** Whether `import` is known to load TypeScript in this process. */
let loaderKnown = false;

async function importEsTypeScript(url: string, path: string): Promise<object> {
  const found = loaderKnown || (await hasLoader(url));
  // Meanwhile another import may have registered ts-node; a second registration would compile everything twice.
  if (!found && !loaderKnown) {
    const hooks = pathToFileURL(resolveTsNode(path));
    withTsNodeDefaults(path, () => register(hooks));
  }
  loaderKnown = true;
  return import(url);
}

/**
 * Asks Node.js itself whether it can load the module: flags do not tell (a loader may come from any file given to
 * `--import`, or from code), and a plain attempt is final, because Node.js caches a failed import.
 *
 * A generated module imports a name that the file does not export. With a loader, the file is read and compiled, and
 * linking fails before anything runs; without one, the import fails because of the extension. The query keeps the
 * failure away from the real import; it ends like the file, for loaders that look at the end of the URL.
 */
async function hasLoader(url: string): Promise<boolean> {
  const probe = new URL(url);
  probe.searchParams.set('probe', probe.pathname);
  const source = `import { aiomultiprocessProbe as probe } from ${JSON.stringify(probe.href)}`;
  try {
    await import(`data:text/javascript,${encodeURIComponent(source)}`);
    return true;
  } catch (error) {
    const unknown = error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';
    return !(unknown && error.message.includes(fileURLToPath(url)));
  }
}

/** The rule of Node.js: the extension decides; for `.ts` and `.tsx` the nearest package.json does. */
function isCommonJs(path: string): boolean {
  if (path.endsWith('.cts')) return true;
  return !path.endsWith('.mts') && !isInEsmPackage(dirname(path));
}

function isInEsmPackage(folder: string): boolean {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return isObject(manifest) && manifest.type === 'module';
  } catch {
    const parent = dirname(folder);
    return parent !== folder && isInEsmPackage(parent);
  }
}

function resolveTsNode(path: string): string {
  const found = resolveInstalled('ts-node/esm', path);
  if (found === undefined) throw createLoaderError();
  return found;
}

function createLoaderError(): Error {
  return new Error(
    `Node.js ${process.version} does not run TypeScript, and the child process has no loader for it: install ts-node ` +
      '(npm install --save-dev ts-node), or give the program a loader that its children inherit (--import tsx), ' +
      'or use a version of Node.js that strips types (22.18 or later)',
  );
}
