/**
 * Runs a part of the test suite on the lowest and the newest version of Node.js, whichever version runs this script. It is
 * part of `npm test`; `npm run matrix -- --only node` runs the whole suite on every version.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { installNode, type NodeBinary } from './install.ts';
import { outerNodeVersions } from './scenario.ts';

/** Quick tests that together start every kind of process in every way that depends on the version of Node.js. */
const files = [
  'test/end-to-end/deprecations.test.ts',
  'test/end-to-end/main-script.test.ts',
  'test/ipc/error-values.test.ts',
  'test/manager/classes.test.ts',
  'test/package.test.ts',
  'test/pool/stream/stream.test.ts',
  'test/process/compile-cache.test.ts',
];

/** The versions run at once, with one worker each; what one prints is shown when it ends. */
async function smoke({ version, env }: NodeBinary): Promise<void> {
  const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--maxWorkers=1', ...files];
  const child = spawn('node', jest, {
    cwd: resolve(import.meta.dirname, '../..'),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: Uint8Array[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => printed.push(bytes));
  const [code] = await once(child, 'close');
  console.log(`Smoke test on Node.js ${version}\n${Buffer.concat(printed)}`);
  if (code === 0) return;
  console.error(`The smoke test failed on Node.js ${version}`);
  process.exitCode = 1;
}

await Promise.all(outerNodeVersions.map(installNode).map(smoke));
