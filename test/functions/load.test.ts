import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { receive, runNode } from '../support/functions.ts';
import { root } from '../support/run.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Has a child look for `work` in a module with this text. */
async function importText(text: string, file: string) {
  const path = join(folder, file);
  await writeFile(path, text);
  return receive({ work: { address: { kind: 'handle', module: pathToFileURL(path).href, name: 'work' } } });
}

test.each([
  ['gone.mjs', "import './not-there.mjs';", /Cannot find module .*not-there.mjs/],
  ['broken.mjs', 'export function work( { }', /SyntaxError: Unexpected end of input/],
  ['throwing.mjs', "throw new RangeError('not today');", /RangeError: not today/],
  ['throwing.cjs', "throw new RangeError('not today');", /RangeError: not today/],
  ['rejecting.mjs', "await Promise.reject(new Error('late'));", /Error: late/],
  ['odd.mjs', 'throw Object.create(null);', /\[Object: null prototype\]/],
  ['broken.mts', 'export const = 1;', /export const = 1|Expected|identifier/i],
])('a module that cannot be imported: %s', async (file, text, message) => {
  const { work } = await importText(text, file);
  expect(work).toMatchObject({ at: 'child', error: { name: 'TaskNotFoundError' } });
  expect(work?.error?.message).toMatch(/^cannot import .* to find the function 'work'/);
  expect(work?.error?.message).toMatch(file);
  expect(work?.error?.message).toMatch(message);
});

test('the original error is the cause', async () => {
  const { work } = await importText("throw new Error('the reason');", 'cause.mjs');
  expect(work?.error?.cause).toBe('the reason');
});

test('a module that starts processes while it is imported fails with BootstrapError, whichever copy of it', async () => {
  const text = `import { BootstrapError } from '${root}dist/lib/index.js'; throw new BootstrapError('guard it');`;
  const { work } = await importText(text, 'bootstrap.mjs');
  expect(work?.error).toMatchObject({ name: 'BootstrapError', message: 'guard it' });
});

test('concurrent loads import a module once', async () => {
  expect(JSON.parse(await runNode(['concurrent.mjs']))).toEqual({
    failed: true,
    oneFunction: true,
    evaluations: 1,
  });
});

test('the error of inline text that does not compile names the function', async () => {
  const address = { kind: 'inline', name: 'work', text: 'a b', origin: '', line: 0 };
  const { work } = await receive({ work: { address } });
  expect(work?.error).toMatchObject({ name: 'TaskNotFoundError', cause: expect.stringMatching(/identifier/) });
  expect(work?.error?.message).toMatch(/'work', sent by inline\(\), cannot be evaluated/);
});
