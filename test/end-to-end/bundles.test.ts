import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { node, type Run, root } from '../support/run.ts';

let folder = '';
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'bundles-test-')));
  await mkdir(join(folder, 'node_modules'));
  await symlink(root, join(folder, 'node_modules/aiomultiprocess'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Bundles a program of the fixtures with esbuild and runs it. */
async function runBundle(name: string, external: string[]): Promise<Run> {
  const outfile = join(folder, `${name}-${external.length}.mjs`);
  const entryPoints = [`${root}test/fixtures/pool/programs/${name}.mjs`];
  const output = { bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' } as const;
  await build({ ...output, entryPoints, external });
  return node([outfile]);
}

test('a bundled program runs its functions, if the bundle does not contain the package', async () => {
  expect(await runBundle('guarded', ['aiomultiprocess'])).toEqual({ code: 0, stdout: '[ 3, 6, 9 ]\n12\n', stderr: '' });
});

test.each([
  ['a pool', 'guarded', 1, /InitializerError.*made ready.*cause.*child.main\.cjs.*--external:aiomultiprocess/s],
  ['a process', 'failing-target', 0, /^Error: .*child.main\.cjs.*--external:aiomultiprocess/],
  ['a manager', 'manager-pending', 1, /ManagerClosedError.*cause.*server.main\.cjs.*--external:aiomultiprocess/s],
])(
  '%s in a bundle that contains the package fails with an error about the bundle',
  async (_what, name, exitCode, message) => {
    const { code, stderr } = await runBundle(name, []);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/Cannot find module/);
    expect(code).toBe(exitCode);
  },
);

test('a webpack bundle runs its exports and marked functions, also while it loads', async () => {
  const { code, stdout, stderr } = await node([`${root}test/fixtures/bundles/webpack.cjs`]);
  expect(stderr).not.toMatch(/Error/);
  const lines = stdout.trim().split('\n');
  // The call that was made while the bundle loads is answered at an unknown time.
  expect(lines).toContain('100');
  expect(lines.filter((line) => line !== '100')).toEqual([
    '2,4',
    '7,14',
    '11,12',
    '21,22',
    "the task '(anonymous)'",
    "the task 'secret'",
  ]);
  expect(code).toBe(0);
});

test('a development bundle, which evaluates its modules as text, runs them too', async () => {
  const result = await node([`${root}test/fixtures/bundles/webpack-eval.cjs`]);
  expect(result).toMatchObject({ code: 0, stdout: '2,4\n11,12\n' });
});

test('a CommonJS bundle that contains the package fails with the same error as it loads', async () => {
  const outfile = join(folder, 'contains.cjs');
  const stdin = { contents: "import { Pool } from 'aiomultiprocess'; new Pool();", resolveDir: folder };
  // What esbuild does by default for Node.js: `import.meta` is empty.
  await build({ bundle: true, platform: 'node', outfile, stdin, logLevel: 'error' });
  const { code, stderr } = await node([outfile]);
  expect(stderr).toMatch(
    /^Error: a bundle must import the package aiomultiprocess, not contain it \(esbuild: --external/m,
  );
  expect(code).toBe(1);
});
