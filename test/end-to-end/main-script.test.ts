import { pathToFileURL } from 'node:url';
import { Worker } from 'aiomultiprocess';
import { whatBecameOfIt } from '../fixtures/pool/late.js';
import { linesOf, withFile } from '../support/folder.ts';
import { runProgram } from '../support/program.ts';
import { root } from '../support/run.ts';

const loader = pathToFileURL(`${root}scripts/ts-node.js`).href;

test('functions of a guarded main script run in the children', async () => {
  expect(await runProgram('guarded.mjs')).toEqual({ code: 0, stdout: '[ 3, 6, 9 ]\n12\n', stderr: '' });
});

test('a CommonJS program runs its own functions', async () => {
  const { code, stdout } = await runProgram('main.cjs');
  expect(stdout).toBe('[ 3, 6, 9 ]\n');
  expect(code).toBe(0);
});

test('a function with the text of an exported one is not mistaken for it while a CommonJS program loads', async () => {
  const { code, stdout } = await runProgram('twins.cjs');
  expect(stdout).toBe('10 TaskNotFoundError\n');
  expect(code).toBe(0);
});

test('a TypeScript program under ts-node runs its own functions and those of other modules', async () => {
  const { code, stdout } = await runProgram('main.mts', [], ['--import', loader]);
  expect(stdout).toBe('[ -1, -2, -3 ]\n[ 2000 ]\n');
  expect(code).toBe(0);
});

test.each([
  ['with a pool', 'unguarded.mjs'],
  ['with a worker', 'unguarded-process.mjs'],
])('an unguarded main script %s fails and names the guard', async (_what, name) => {
  await withFile(async (file) => {
    const { code, stdout, stderr } = await runProgram(name, [file]);
    expect(stderr).toMatch(/BootstrapError/);
    expect(stderr).toMatch(/isMainProcess/);
    expect(stdout).toBe('');
    expect(code).toBe(1);
    // The program, and at most a few attempts to start its two children, which start no processes.
    expect((await linesOf(file)).length).toBeLessThanOrEqual(7);
  });
});

test('a preloaded module that creates a pool fails with an error that names the cause', async () => {
  await withFile(async (file) => {
    const preloaded = new URL('../fixtures/pool/programs/preloaded.mjs', import.meta.url);
    preloaded.searchParams.set('log', file);
    const { code, stderr } = await runProgram('unused.mjs', [], ['--import', preloaded.href]);
    expect(stderr).toMatch(/BootstrapError: a Pool was created in a child process by code that runs before/);
    expect(code).toBe(1);
    // The program, and three attempts to start its child.
    expect(await linesOf(file)).toHaveLength(4);
  });
});

test('a module that creates a pool after its import fails with an error that names the guard', async () => {
  const worker = new Worker({ target: whatBecameOfIt });
  expect(await worker).toMatch(/^BootstrapError: a Pool .*isMainProcess/);
});
