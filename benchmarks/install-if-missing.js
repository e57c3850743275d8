// The peers are installed on the first run only, so that `npm run bench` works on a fresh clone.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

if (!existsSync(new URL('./node_modules/', import.meta.url))) {
  console.log('benchmarks/node_modules is missing: running `npm ci` in benchmarks/ to install the peers\n');
  const { status } = spawnSync('npm', ['ci'], { cwd: here, stdio: 'inherit', shell: process.platform === 'win32' });
  process.exitCode = status ?? 1;
}
