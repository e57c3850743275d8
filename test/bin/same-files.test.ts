/** A run neither writes a file that it reads nor writes one file for two purposes, whatever names the file has. */
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, tasks } from '../support/command.ts';
import { run } from '../support/run.ts';

let folder: string;
const snapshot = () => readdirSync(folder).map((name) => [name, readSafely(name)]);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  writeFileSync(join(folder, 'numbers'), '1\n2\n');
  writeFileSync(join(folder, 'tasks.mjs'), `export * from ${JSON.stringify(`file://${tasks}tasks.js`)};\n`);
  linkSync(join(folder, 'numbers'), join(folder, 'hard'));
  symlinkSync('numbers', join(folder, 'soft'));
  symlinkSync('later', join(folder, 'dangling'));
  writeFileSync(join(folder, 'out.journal'), '{"run":{"version":1}}\n{"finished":true}\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

function readSafely(name: string): string | undefined {
  return name === 'dangling' ? undefined : readFileSync(join(folder, name), 'utf8');
}

const shell = (words: string) =>
  run('bash', ['-c', `"$0" "$1" map ./tasks.mjs#double -p 1 ${words}`, process.execPath, command], { cwd: folder });
const report = '--on-error report --error-file';

test.each([
  ['a hard link', '-i numbers -o hard', 'hard cannot be written: it is also an input'],
  ['a symbolic link', `-i numbers -o out2 ${report} soft`, 'soft cannot be written: it is also an input'],
  ['stdin', '-o numbers < numbers', 'numbers cannot be written: it is also an input'],
  ['stdout', '-i numbers >> numbers', 'stdout cannot be written: it is also an input'],
  ['the module', '-i numbers -o tasks.mjs', 'tasks.mjs cannot be written: it is also a module of this run'],
  ['a journal as input', '-i out.journal -o out', 'out.journal cannot be written: it is also an input'],
  ['a journal for errors', `-i numbers -o o2 --resume ${report} o2.journal`, 'it is also the error file'],
  ['a dangling link', `-i numbers -o later ${report} dangling`, 'dangling cannot be written: it is also the output'],
  ['one name for both files', `-i numbers -o later ${report} later`, 'later cannot be written: it is also the output'],
])('refuses %s', async (_what, words, message) => {
  const before = snapshot();
  expect(await shell(words)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  expect(snapshot()).toEqual(before);
});

test('devices and pipes may be used twice', async () => {
  expect(await shell(`-i /dev/null -o /dev/null ${report} /dev/null`)).toEqual({ code: 0, stdout: '', stderr: '' });
});
