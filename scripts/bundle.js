// Bundles the package into one file, and the entries of its children and the command line into others, each with the
// dependencies it needs. Two hundred small ES modules take a process three times as long to find, read and link, and a child
// that runs a module of a program that imports the package loads them again. The output is not minified, so that stack traces
// stay readable.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = new URL('../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

const common = {
  absWorkingDir: fileURLToPath(root),
  bundle: true,
  platform: 'node',
  // Unused parts of ES modules are dropped.
  mainFields: ['module', 'main'],
  target: 'node20.19',
  metafile: true,
  write: false,
  logLevel: 'warning',
};

/** Runs before all other code of a file, which may fail to load on an unsupported version of Node.js. */
const checkNode = `{
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (!(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)))
    throw new Error(\`aiomultiprocess requires Node.js ${manifest.engines.node}; this is \${process.version}\`);
}`;

/** A bundler that turns a program into CommonJS empties `import.meta`; the package would fail with an obscure error. */
const checkUrl = `if (import.meta.url === undefined) throw new Error('a bundle must import the package aiomultiprocess, not \
contain it (esbuild: --external:aiomultiprocess; other bundlers have an option "external" too)');`;

/** CommonJS dependencies load the modules of Node.js with `require`. */
const requireBanner = {
  js: `${checkNode}
import { createRequire as bundleRequire } from 'node:module'; ${checkUrl} const require = bundleRequire(import.meta.url);`,
};

// The compiler's output for the command line exists only because it type-checks the sources.
rmSync(new URL('dist/bin/', root), { recursive: true, force: true });

/**
 * Node.js links all modules before it runs any. If dependencies imported a name that an older version does not export, that
 * error would come before the version check. They therefore `require` these modules.
 */
const requireForDependencies = {
  name: 'require-for-dependencies',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(events|util)$/ }, ({ path, kind, importer }) =>
      kind === 'import-statement' && importer.includes('node_modules') ? { path, namespace: 'required' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = require('${path}');`,
    }));
  },
};

const commonJs = {
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  // CommonJS does not support `import.meta`.
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: `${checkNode}\nconst moduleUrl = require('node:url').pathToFileURL(__filename).href;` },
};

const bundles = await Promise.all([
  build({
    ...common,
    entryPoints: [
      'lib/index.ts',
      'lib/metrics.ts',
      'lib/dashboard.ts',
      'lib/distributed/index.ts',
      'lib/distributed/host/list-exports.ts',
    ],
    // Optional packages are installed by the programs that need them.
    external: Object.keys(manifest.peerDependencies),
    outdir: 'dist/lib',
    outbase: 'lib',
    format: 'esm',
    // Code that several entries share has a single copy, so that classes keep their identity. The copy is in the same folder,
    // because modules find their neighbours by `import.meta.url`.
    splitting: true,
    chunkNames: 'shared-[hash]',
    plugins: [requireForDependencies],
    banner: requireBanner,
  }),
  build({
    ...common,
    ...commonJs,
    entryPoints: ['lib/commonjs.ts'],
    external: Object.keys(manifest.peerDependencies),
    outdir: 'dist/lib',
    outbase: 'lib',
    // Jest does not support `import()` in CommonJS.
    supported: { 'dynamic-import': false },
  }),
  build({
    ...common,
    // The program, and the module that its children load. Each command has its own file and is loaded on demand.
    entryPoints: { aiomultiprocess: 'bin/aiomultiprocess.ts', 'run-item': 'bin/map/child/run-item.ts' },
    outdir: 'dist/bin',
    format: 'esm',
    splitting: true,
    chunkNames: '[name]-[hash]',
    // Uses the bundle of the library instead of a second copy.
    external: ['aiomultiprocess'],
    banner: requireBanner,
  }),
  build({
    ...common,
    entryPoints: ['lib/child/main.ts', 'lib/manager/server/main.ts'],
    // As CommonJS, so that a child without ES modules does not load the ES module loader.
    ...commonJs,
    outdir: 'dist/lib',
    outbase: 'lib',
  }),
  build({
    ...common,
    // The page of the dashboard: its server sends these files as they are.
    entryPoints: { page: 'lib/dashboard/page/main.tsx' },
    outdir: 'dist/dashboard',
    platform: 'browser',
    format: 'esm',
    target: ['chrome111', 'firefox114', 'safari16.4'],
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
  }),
]);

const outputs = bundles.flatMap(({ outputFiles }) => outputFiles);
for (const { path, text } of outputs) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, keepClassNames(text));
}

for (const name of ['index.html', 'icon.svg']) {
  copyFileSync(new URL(`lib/dashboard/page/${name}`, root), new URL(`dist/dashboard/${name}`, root));
}

// All CommonJS entry points re-export parts of one bundle.
const entries = { index: 'index', metrics: 'metrics', dashboard: 'dashboard', 'distributed/index': 'distributed' };
for (const [entry, name] of Object.entries(entries)) {
  const bundle = entry.includes('/') ? '../commonjs.cjs' : './commonjs.cjs';
  writeFileSync(new URL(`dist/lib/${entry}.cjs`, root), `module.exports = require('${bundle}').${name};\n`);
}
// The compiler's output for that entry exists only because it type-checks the sources.
for (const name of ['commonjs.js', 'commonjs.d.ts']) rmSync(new URL(`dist/lib/${name}`, root));

// A declaration file counts as ES module or CommonJS by its extension, so every one that the entry points need gets a copy.
const declared = new Set(Object.keys(entries).map((entry) => new URL(`dist/lib/${entry}.d.ts`, root).href));
for (const url of declared) {
  const text = readFileSync(new URL(url), 'utf8').replaceAll(/(?<=["'])(\.\.?\/[^"']+)\.js(?=["'])/g, (_, path) => {
    const file = new URL(`${path}.d.ts`, url);
    // Imports in the examples of comments do not exist.
    if (existsSync(file)) declared.add(file.href);
    return `${path}.cjs`;
  });
  writeFileSync(new URL(url.replace(/\.d\.ts$/, '.d.cts')), text);
}

// The modules that the bundles replace are for the tests of the repository. npm leaves out what this file names.
const published = new Set([...outputs.map(({ path }) => path), ...[...declared].map((url) => fileURLToPath(url))]);
const dist = fileURLToPath(new URL('dist/', root));
const modules = readdirSync(dist, { recursive: true }).filter((path) => /\.(js|d\.ts)$/.test(path));
const replaced = modules
  .filter((path) => !published.has(dist + path))
  .map((path) => `/${path.replaceAll('\\', '/')}\n`);
writeFileSync(`${dist}.npmignore`, replaced.sort().join(''));

// The licenses of the dependencies must be part of every copy.
const inputs = bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs));
const folders = inputs.map((path) => /^.*node_modules\/(@[^/]+\/)?[^/]+\//.exec(path)?.[0]).filter(Boolean);
const licenses = [...new Set(folders)].sort().map(readLicense);
writeFileSync(new URL('dist/LICENSES', root), licenses.join('\n'));

function readLicense(folder) {
  const { name, version, license } = JSON.parse(readFileSync(new URL(`${folder}package.json`, root), 'utf8'));
  const file = readdirSync(new URL(folder, root)).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} has no license file, but the bundle must contain its text`);
  return `${name} ${version} (${license})\n\n${readFileSync(new URL(folder + file, root), 'utf8').trim()}\n`;
}

/**
 * Errors are identified in other processes by the names of their classes, but esbuild turns a class that refers to itself into
 * `var X = class _X`. Its option `keepNames` would also set the name of each closure whenever it is created: `for await` over a
 * map took 1.7 times as long.
 */
function keepClassNames(code) {
  const renamed = Array.from(code.matchAll(/^var (\w+) = class _\1\b/gm), ([, name]) => name);
  return renamed.reduce((text, name) => text.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), name), code);
}
