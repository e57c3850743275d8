// Puts the package into one file, the entry of its children and the command line into others, each with the dependencies
// it needs. Two hundred small ES modules take a process three times as long to find, read and link, and each child that
// runs a module of a program which imports the package does that again. Nothing is minified, for the sake of stack traces.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = new URL('../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

const common = {
  absWorkingDir: fileURLToPath(root),
  bundle: true,
  platform: 'node',
  // Of an ES module only what is used is taken.
  mainFields: ['module', 'main'],
  target: 'node20.19',
  metafile: true,
  write: false,
  logLevel: 'warning',
};

/** Runs before all other code of a file, which may not even load on a version of Node.js that is too old. */
const checkNode = `{
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (!(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)))
    throw new Error(\`aiomultiprocess requires Node.js ${manifest.engines.node}; this is \${process.version}\`);
}`;

/** Dependencies that are CommonJS ask for modules of Node.js in their own way. */
const requireBanner = {
  js: `${checkNode}
import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);`,
};

// What the compiler has made of the command line is there only for its types to be checked.
rmSync(new URL('dist/bin/', root), { recursive: true, force: true });

/**
 * Node.js links all modules before it runs one: a name that dependencies import and an older version does not have would
 * be an error of its own, before the check. These modules are required by them instead.
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
  // CommonJS has no `import.meta`.
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: `${checkNode}\nconst moduleUrl = require('node:url').pathToFileURL(__filename).href;` },
};

const bundles = await Promise.all([
  build({
    ...common,
    entryPoints: ['lib/index.ts', 'lib/metrics.ts', 'lib/distributed/index.ts', 'lib/distributed/list-exports.ts'],
    // What only some programs need is theirs to install.
    external: Object.keys(manifest.peerDependencies),
    outdir: 'dist/lib',
    outbase: 'lib',
    format: 'esm',
    // What several entries need has one copy, so that classes keep their identity, in the same folder: modules look for
    // their neighbours by `import.meta.url`.
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
    // Jest gives no `import()` to CommonJS.
    supported: { 'dynamic-import': false },
  }),
  build({
    ...common,
    // The program, and what its children load. Each command is in a file of its own, for it is loaded on demand.
    entryPoints: { aiomultiprocess: 'bin/aiomultiprocess.ts', 'run-item': 'bin/child/run-item.ts' },
    outdir: 'dist/bin',
    format: 'esm',
    splitting: true,
    chunkNames: '[name]-[hash]',
    // There is one copy of the library.
    external: ['aiomultiprocess'],
    banner: requireBanner,
  }),
  build({
    ...common,
    entryPoints: ['lib/child/main.ts', 'lib/manager/server/main.ts'],
    // Saves a child that runs no ES module the loader for them.
    ...commonJs,
    outdir: 'dist/lib',
    outbase: 'lib',
  }),
]);

for (const { outputFiles } of bundles)
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, keepClassNames(text));
  }

// All entry points of the CommonJS form are parts of one bundle.
const entries = { index: 'index', metrics: 'metrics', 'distributed/index': 'distributed' };
for (const [entry, name] of Object.entries(entries)) {
  const bundle = entry.includes('/') ? '../commonjs.cjs' : './commonjs.cjs';
  writeFileSync(new URL(`dist/lib/${entry}.cjs`, root), `module.exports = require('${bundle}').${name};\n`);
}
// The compiler's copy of that bundle is there only for its types to be checked.
for (const name of ['commonjs.js', 'commonjs.d.ts']) rmSync(new URL(`dist/lib/${name}`, root));

// To the compiler, declarations belong to one form: each that the entry points need is there for both.
const declared = new Set(Object.keys(entries).map((entry) => new URL(`dist/lib/${entry}.d.ts`, root).href));
for (const url of declared) {
  const text = readFileSync(new URL(url), 'utf8').replaceAll(/(?<=["'])(\.\.?\/[^"']+)\.js(?=["'])/g, (_, path) => {
    const file = new URL(`${path}.d.ts`, url);
    // What an example in a comment imports is not there.
    if (existsSync(file)) declared.add(file.href);
    return `${path}.cjs`;
  });
  writeFileSync(new URL(url.replace(/\.d\.ts$/, '.d.cts')), text);
}

// The licenses of the dependencies ask for a place in every copy.
const inputs = bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs));
const folders = inputs.map((path) => /^.*node_modules\/(@[^/]+\/)?[^/]+\//.exec(path)?.[0]).filter(Boolean);
const licenses = [...new Set(folders)].sort().map(readLicense);
writeFileSync(new URL('dist/LICENSES', root), licenses.join('\n'));

function readLicense(folder) {
  const { name, version, license } = JSON.parse(readFileSync(new URL(`${folder}package.json`, root), 'utf8'));
  const file = readdirSync(new URL(folder, root)).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} brings no license text, and the bundle must contain it`);
  return `${name} ${version} (${license})\n\n${readFileSync(new URL(folder + file, root), 'utf8').trim()}\n`;
}

/**
 * Errors are known at the other end by the names of their classes, and esbuild makes `var X = class _X` of a class that
 * mentions itself. Its own `keepNames` would also name each closure each time it is made: `for await` over a map took
 * 1.7 times as long.
 */
function keepClassNames(code) {
  const renamed = Array.from(code.matchAll(/^var (\w+) = class _\1\b/gm), ([, name]) => name);
  return renamed.reduce((text, name) => text.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), name), code);
}
