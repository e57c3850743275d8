/** `npm run release` on a copy of what it changes, in a repository of its own, without the checks before it. */
import { copyFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFolder } from './support/folder.ts';
import { root, run } from './support/run.ts';

const CHANGELOG = `# Changelog

This file lists all notable changes.

## [Unreleased]

### Fixed

- A task that waits
  for another.
`;

async function release(folder: string, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await run('npm', ['run', 'release', '--', ...args], { cwd: folder });
  if (code !== 0) throw new Error(stdout + stderr);
}

async function git(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run('git', args, { cwd: folder });
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** Runs the body in a repository that is ready for a release. */
async function withRepository(body: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const manifest = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
    delete manifest.scripts.preversion;
    await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, version: '1.2.3' }, null, 2));
    await copyFile(`${root}package-lock.json`, join(folder, 'package-lock.json'));
    await writeFile(join(folder, 'CHANGELOG.md'), CHANGELOG);
    await writeFile(join(folder, '.gitignore'), 'node_modules\n');
    await symlink(`${root}node_modules`, join(folder, 'node_modules'));
    await git(folder, 'init', '--quiet');
    await git(folder, 'remote', 'add', 'origin', 'https://github.com/ada/tasks.git');
    await git(folder, 'config', 'user.name', 'Ada');
    await git(folder, 'config', 'user.email', 'ada@example.org');
    await git(folder, 'add', '.');
    await git(folder, 'commit', '--quiet', '--message', 'Start');
    await body(folder);
  });
}

test('a release sets the version, dates the changelog, commits and tags', () =>
  withRepository(async (folder) => {
    await release(folder, 'patch');
    const read = (name: string) => readFile(join(folder, name), 'utf8');
    expect(JSON.parse(await read('package.json')).version).toBe('1.2.4');
    expect(JSON.parse(await read('package-lock.json')).packages[''].version).toBe('1.2.4');
    const today = new Date().toISOString().slice(0, 10);
    const link = '\n[1.2.4]: https://github.com/ada/tasks/releases/tag/v1.2.4\n';
    expect(await read('CHANGELOG.md')).toBe(CHANGELOG.replace('[Unreleased]', `[1.2.4] - ${today}`) + link);
    expect(await git(folder, 'status', '--porcelain')).toBe('');
    expect(await git(folder, 'tag', '--points-at', 'HEAD')).toBe('v1.2.4\n');
    expect(await git(folder, 'log', '-1', '--format=%s')).toBe('1.2.4\n');
  }));

test('the changelog of this repository begins with what the next release names, or with the last release', async () => {
  expect(await readFile(`${root}CHANGELOG.md`, 'utf8')).toMatch(
    /^[^#]*# Changelog\n[^#]*## (\[Unreleased\]\n|\[.+\] - \d{4}-)/,
  );
});
