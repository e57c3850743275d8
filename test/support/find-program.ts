import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Two tests may install the same package at the same time. */
const LOCK = '/tmp/aiomultiprocess-test-install.lock';

/**
 * Finds a program that tests need. Installs its package if it is missing and the system allows it.
 *
 * @param folders - searched in addition to those of the `PATH`.
 */
export function findProgram(name: string, debianPackage: string, folders: () => string[] = () => []): string {
  const find = () => {
    const paths = [...folders(), ...(process.env.PATH ?? '').split(delimiter)].map((folder) => join(folder, name));
    return paths.find((path) => existsSync(path));
  };
  const found = find();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) install(debianPackage);
  const installed = find();
  if (installed !== undefined) return installed;
  throw new Error(`these tests need ${name}: install it with "apt-get install ${debianPackage}"`);
}

function install(debianPackage: string): void {
  const command = `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${debianPackage}`;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('flock', [LOCK, 'sh', '-c', command], { env, stdio: 'ignore' });
}
