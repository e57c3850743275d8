// Packs the package once, as published, and checks the file with publint and attw.
// Packs without scripts, because `prepare` would build a second time.
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
  // The tool has printed the problem; a stack of this script would only hide it.
  if (typeof error.status !== 'number') throw error;
  process.exitCode = error.status;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
