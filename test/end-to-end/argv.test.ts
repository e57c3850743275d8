import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { withFolder } from '../support/folder.ts';

const program = fileURLToPath(new URL('../fixtures/pool/programs/argv.mjs', import.meta.url));

interface Described {
  argv0: string;
  first: string;
  rest: string[];
  preloaded?: string[];
  title: string;
  guards: boolean[];
  mark: string[];
}

/** The output of the program when it is started by this name. */
async function runAs(argv0: string, path = process.env.PATH): Promise<unknown[]> {
  const env = { ...process.env, PATH: path };
  const args = [program, '10', '--verbose', 'a b'];
  const child = spawn(process.execPath, args, { argv0, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return printed
    .trim()
    .split('\n')
    .map((line) => (line.startsWith('{') || line.startsWith('[') ? JSON.parse(line) : line));
}

test('children have the arguments and the title of the program before any code runs in them', async () => {
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  const [own, scaled, inPool, named, inWorker, namedWorker] = await runAs('node', path);
  const { guards, ...same } = own as Described;
  expect(same).toEqual({
    argv0: 'node',
    first: process.execPath,
    rest: ['10', '--verbose', 'a b'],
    title: 'the program',
    mark: [],
  });
  expect(guards).toEqual([true, false]);
  expect(scaled).toEqual([10, 20]);
  const child = { ...same, preloaded: same.rest, guards: [false, false] };
  expect(inPool).toEqual(child);
  expect(inWorker).toEqual(child);
  expect([named, namedWorker]).toEqual(['numbers', 'one']);
});

test('children have the argv0 of the program, if that leads to its Node.js', () =>
  withFolder(async (folder) => {
    await symlink(process.execPath, join(folder, 'runtime'));
    const outputs = await Promise.all([
      runAs('runtime', `${folder}:${process.env.PATH}`),
      runAs(join(folder, 'runtime')),
    ]);
    for (const [own, , inPool, , inWorker] of outputs as Described[][]) {
      expect([inPool?.argv0, inWorker?.argv0]).toEqual([own?.argv0, own?.argv0]);
    }
  }));
