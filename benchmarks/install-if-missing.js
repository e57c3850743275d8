// Installs the peers on the first run, so that `npm run bench` works in a fresh clone.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const { dependencies, devDependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const missing = Object.keys({ ...dependencies, ...devDependencies }).filter(
  (name) => !existsSync(new URL(`./node_modules/${name}/`, import.meta.url)),
);

if (missing.length > 0) {
  console.log(`not installed: ${missing.join(', ')}; running \`npm ci\` in benchmarks/\n`);
  const { status } = spawnSync('npm', ['ci'], { cwd: here, stdio: 'inherit', shell: process.platform === 'win32' });
  process.exitCode = status ?? 1;
}
