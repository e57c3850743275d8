/**
 * Runs a part of the test suite on the lowest and the newest version of Node.js, whichever runs this. It belongs to
 * `npm test`; `npm run matrix -- --only node` runs the whole suite on every version.
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { installNode } from './install.ts';
import { outerNodeVersions } from './scenario.ts';

/** Quick files, which together start every kind of process, in every way that depends on the version of Node.js. */
const files = [
  'test/end-to-end/deprecations.test.ts',
  'test/end-to-end/main-script.test.ts',
  'test/ipc/error-values.test.ts',
  'test/manager/classes.test.ts',
  'test/package.test.ts',
  'test/pool/stream.test.ts',
];

for (const wanted of outerNodeVersions) {
  const { version, env } = installNode(wanted);
  console.log(`Smoke test on Node.js ${version}`);
  const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', ...files];
  const { status, error } = spawnSync('node', jest, {
    cwd: resolve(import.meta.dirname, '../..'),
    env,
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) {
    console.error(`The smoke test failed on Node.js ${version}`);
    process.exit(1);
  }
}
