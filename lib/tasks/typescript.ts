/**
 * Loads modules written in TypeScript.
 *
 * A child inherits the loader that its parent was started with, and then there is nothing to do. A parent that
 * rewrites sources within itself (Jest) has none to pass on; for such children ts-node is looked up.
 */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { dirname, join, parse } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export function isTypeScript(url: string): boolean {
  return url.startsWith('file:') && /\.(tsx|[cm]?ts)$/.test(new URL(url).pathname);
}

export async function importTypeScript(url: string): Promise<object> {
  const path = fileURLToPath(url);
  if (Reflect.get(process.features, 'typescript') && !path.endsWith('x')) return import(url);
  return isCommonJs(path) ? requireTypeScript(url, path) : importEsTypeScript(url, path);
}

/**
 * A loader for `import` does not help a CommonJS module: Node compiles that on the main thread, where only a
 * hook of `require` sees it. Every loader (ts-node, tsx, swc) sets `require.extensions`, so that tells whether
 * there is one.
 */
function requireTypeScript(url: string, path: string): object {
  const require = createRequire(url);
  if (require.extensions['.ts'] === undefined) {
    const tsNode = resolveTsNode('ts-node', path);
    withDefaults(path, () => require(tsNode).register());
  }
  return { default: require(path) };
}

/** Whether `import` is known to take TypeScript in this process. */
let loaderKnown = false;

async function importEsTypeScript(url: string, path: string): Promise<object> {
  const found = loaderKnown || (await hasLoader(url));
  // While this import was asking, another may have registered ts-node: twice would compile everything twice.
  if (!found && !loaderKnown) {
    const hooks = pathToFileURL(resolveTsNode('ts-node/esm', path));
    withDefaults(path, () => register(hooks));
  }
  loaderKnown = true;
  return import(url);
}

/**
 * Asks Node itself whether it can load the module as it is: flags do not tell (a loader may come from any file
 * given to `--import`, or from code), and simply trying is no way back, for Node keeps a failed import for ever.
 *
 * A module is made that imports from the file a name that it does not export. If a loader is there, the file
 * is read and rewritten, and then linking fails before anything runs; without one it fails for its extension.
 * The query keeps the failure away from the real import; it ends as the file does for loaders that look at
 * the end of the URL.
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

/** Node's own rule: the extension decides, and for a plain one the nearest package.json. */
function isCommonJs(path: string): boolean {
  if (path.endsWith('.cts')) return true;
  return !path.endsWith('.mts') && !isInEsmPackage(dirname(path));
}

function isInEsmPackage(folder: string): boolean {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return typeof manifest === 'object' && manifest !== null && 'type' in manifest && manifest.type === 'module';
  } catch {
    const parent = dirname(folder);
    return parent !== folder && isInEsmPackage(parent);
  }
}

function resolveTsNode(specifier: string, path: string): string {
  for (const from of [path, fileURLToPath(import.meta.url)]) {
    try {
      return createRequire(from).resolve(specifier);
    } catch {
      // Not installed there.
    }
  }
  throw new Error(
    `Node.js ${process.version} does not run TypeScript, and the child process has no loader for it: install ts-node ` +
      "(npm install --save-dev ts-node), or give the children one (execArgv: ['--import', 'tsx']), " +
      'or use a version of Node.js that strips types (22.18 or later)',
  );
}

/**
 * Sets what ts-node should do unless the user's tsconfig.json or environment says otherwise: no type check,
 * which costs a child a second and 100 MB, and a `rootDir`, without which TypeScript 6 refuses to go without.
 * ts-node reads the environment when it is loaded, and a task should not see it.
 */
function withDefaults(path: string, run: () => void): void {
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

/** Where there is no tsconfig.json, ts-node's own choice is one that TypeScript 6 rejects. */
function missingOptions(): object {
  const nodeNext = { module: 'nodenext', moduleResolution: 'nodenext', target: 'es2022' };
  return hasAbove('tsconfig.json', process.cwd()) ? {} : nodeNext;
}

function hasAbove(name: string, folder: string): boolean {
  const parent = dirname(folder);
  return existsSync(join(folder, name)) || (parent !== folder && hasAbove(name, parent));
}
