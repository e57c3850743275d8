// Puts the entry of every child and all that it imports, dependencies too, into one CommonJS file: to find, read and
// link forty ES modules takes a new process as long as half of Node.js itself. Names stay, for the sake of stack traces.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = new URL('../', import.meta.url);
const bundle = 'dist/lib/child/main.cjs';

const { metafile } = await build({
  absWorkingDir: fileURLToPath(root),
  entryPoints: ['lib/child/main.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  // CommonJS has no `import.meta`.
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  // Errors are known at the other end by the names of their classes.
  keepNames: true,
  metafile: true,
  logLevel: 'warning',
});

// The licenses of the dependencies ask for a place in every copy.
const inputs = Object.keys(metafile.outputs[bundle].inputs);
const folders = inputs.map((path) => /^node_modules\/(@[^/]+\/)?[^/]+\//.exec(path)?.[0]).filter(Boolean);
const licenses = [...new Set(folders)].sort().map(readLicense);
writeFileSync(new URL('dist/lib/child/LICENSES', root), licenses.join('\n'));

function readLicense(folder) {
  const { name, version, license } = JSON.parse(readFileSync(new URL(`${folder}package.json`, root), 'utf8'));
  const file = ['LICENSE', 'license', 'LICENSE.md'].find((name) => existsSync(new URL(folder + name, root)));
  if (!file) throw new Error(`${name} brings no license text, and the bundle must contain it`);
  return `${name} ${version} (${license})\n\n${readFileSync(new URL(folder + file, root), 'utf8').trim()}\n`;
}
