import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { node, run } from '../support/run.ts';

const program = fileURLToPath(new URL('../fixtures/pool/programs/elsewhere.mjs', import.meta.url));
const note = (what: string) => `globalThis.preloaded = ${JSON.stringify(what)};`;

let root = '';
let folder = '';
let elsewhere = '';
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'start-folder-test-')));
  folder = join(root, 'start');
  elsewhere = join(root, 'elsewhere');
  const installed = join(folder, 'node_modules/installed');
  await mkdir(elsewhere);
  await mkdir(installed, { recursive: true });
  const exports = { import: './index.mjs', require: './index.cjs' };
  await writeFile(join(installed, 'package.json'), JSON.stringify({ exports }));
  await writeFile(join(installed, 'index.mjs'), note('the package, imported'));
  await writeFile(join(installed, 'index.cjs'), note('the package, required'));
  await writeFile(join(folder, 'beside.mjs'), note('imported'));
  await writeFile(join(folder, 'beside.cjs'), note('required'));
  await writeFile(join(elsewhere, 'own.mjs'), note('their own'));
  await writeFile(join(folder, 'settings.env'), 'NAME=value');
});
afterAll(() => rm(root, { recursive: true }));

/** The output of a program that starts in one folder and whose children work in the other. */
async function see(how: 'chdir' | 'cwd' | 'execArgv', flags: string[], nodeOptions = ''): Promise<unknown> {
  const shell = 'export NODE_OPTIONS="$0"; exec "$@"';
  const args = [process.execPath, ...flags, program, how, elsewhere];
  const { code, stdout, stderr } = await run('sh', ['-c', shell, nodeOptions, ...args], { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe.each([
  ['after chdir', 'chdir'],
  ['with the option cwd', 'cwd'],
] as const)('children in another folder, %s,', (_how, how) => {
  test.each([
    ['--import', './beside.mjs', 'imported'],
    ['--import', 'installed', 'the package, imported'],
    ['--require', './beside.cjs', 'required'],
    ['-r', 'installed', 'the package, required'],
    ['--env-file', 'settings.env', undefined],
  ])('inherit %s %s', async (option, value, preloaded) => {
    const child = { cwd: elsewhere, args: [how, elsewhere], preloaded };
    expect(await see(how, [option, value])).toEqual([child, child]);
  });

  test('inherit the modules in NODE_OPTIONS', async () => {
    const child = { cwd: elsewhere, args: [how, elsewhere], preloaded: 'imported' };
    expect(await see(how, [], '--import ./beside.mjs')).toEqual([child, child]);
  });
});

test('paths in explicit options of children are relative to their own folder', async () => {
  const child = { cwd: elsewhere, args: ['execArgv', elsewhere], preloaded: 'their own' };
  expect(await see('execArgv', ['--import', './beside.mjs'])).toEqual([child, child]);
});

test('a missing folder is named in the error, also with inherited options', async () => {
  const { code, stderr } = await node(['--no-warnings', program, 'cwd', '/no/such/folder'], { cwd: folder });
  expect(stderr).toMatch(/InitializerError.*\/no\/such\/folder/s);
  expect(code).toBe(1);
});
