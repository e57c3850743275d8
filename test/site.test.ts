/** The build of the documentation site refuses what a reader would miss: `npm run docs` itself is part of `npm test`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type Run, root, run } from './support/run.ts';

const fixtures = join(root, 'test/fixtures/site');

/** Runs TypeDoc as the site does, over other modules. */
async function describeFixtures(): Promise<Run> {
  const folder = mkdtempSync(join(root, '.docs-'));
  try {
    const entryPoints = ['index.ts', 'metrics.ts'].map((name) => join(fixtures, 'lib', name));
    const tsconfig = join(folder, 'tsconfig.json');
    const compilerOptions = { rootDir: root, noEmit: true };
    writeFileSync(
      tsconfig,
      JSON.stringify({ extends: '../tsconfig.json', compilerOptions, files: entryPoints, include: [] }),
    );
    const options = JSON.parse(readFileSync(join(root, 'docs/.vitepress/typedoc.json'), 'utf8'));
    const plugin = options.plugin.map((name: string) =>
      name.startsWith('.') ? join(root, 'docs/.vitepress', name) : name,
    );
    const config = join(folder, 'typedoc.json');
    const others = { plugin, tsconfig, entryPoints, out: join(folder, 'api'), docsRoot: folder };
    writeFileSync(config, JSON.stringify({ ...options, ...others }));
    return await run('npx', ['--no-install', 'typedoc', '--options', config], { timeout: 100_000 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a public name without a comment, a version or an example fails the build of the reference', async () => {
  const { code, stdout, stderr } = await describeFixtures();
  const printed = stripVTControlCharacters(stdout + stderr);
  expect(printed).toContain('Undocumented has no @since');
  expect(printed).toContain('Incomplete has no @since');
  expect(printed).toContain('Incomplete has no @example');
  expect(printed).not.toContain('.add has no');
  expect(code).not.toBe(0);
}, 120_000);

test('a link to a page that does not exist fails the build of the site', async () => {
  const out = mkdtempSync(join(root, '.docs-'));
  try {
    const args = ['--no-install', 'vitepress', 'build', join(fixtures, 'docs'), '--outDir', out];
    const { code, stdout, stderr } = await run('npx', args, { timeout: 100_000 });
    // Where CI is set, VitePress colours what it prints, also to a pipe.
    expect(stripVTControlCharacters(stdout + stderr)).toContain('Found dead link ./missing in file index.md');
    expect(code).not.toBe(0);
  } finally {
    rmSync(out, { recursive: true, force: true });
    rmSync(join(fixtures, 'docs/.vitepress'), { recursive: true, force: true });
  }
}, 120_000);
