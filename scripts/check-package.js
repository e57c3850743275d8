// Packs the package once, as it would be published, and lets publint and attw look at that file.
// Scripts stay off while packing: `prepare` would build a second time.
import { execSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-'));
try {
  execSync(`npm pack --ignore-scripts --silent --pack-destination "${folder}"`, { stdio: ['ignore', 'ignore', 2] });
  const file = join(folder, readdirSync(folder)[0]);
  execSync(`npx --no-install publint run "${file}" --strict`, { stdio: 'inherit' });
  execSync(`npx --no-install attw "${file}" --no-emoji`, { stdio: 'inherit' });
} catch (error) {
  // A tool that ran has printed what is wrong: a stack of this script would only bury it.
  if (typeof error.status !== 'number') throw error;
  process.exitCode = error.status;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
