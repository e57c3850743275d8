/** Shared memory where parts of it are missing: the package koffi, a compiler, permissions. */
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { Pool, share, sharedArray } from 'aiomultiprocess';
import { add, readAt, setUpUnread } from '../fixtures/shared-memory/tasks.js';
import { echo } from '../fixtures/shared-memory/values.js';
import { withFolder } from '../support/folder.ts';
import { reasonOf } from '../support/reason.ts';
import { node, root } from '../support/run.ts';

const program = `${root}test/fixtures/shared-memory/program.mjs`;
const onLinux = process.platform === 'linux' ? test : test.skip;

/** Each process changes its own copy. */
const VALUES = '[[2,1000000,"b"],[3,1000000,"b"]] 1';
const DISPOSED = 'the shared value was disposed';

onLinux('with koffi the memory is mapped', async () => {
  expect(await node([program])).toEqual({
    code: 0,
    stdout: `${VALUES}\n/memfd:aiomultiprocess (deleted)\nmapped\n${DISPOSED}\n5\n`,
    stderr: '',
  });
});

onLinux('a program that has not installed koffi gets the same values, and no arrays', () =>
  withFolder(async (folder) => {
    const target = join(folder, 'node_modules/aiomultiprocess');
    for (const part of ['package.json', 'dist']) cpSync(join(root, part), join(target, part), { recursive: true });
    cpSync(program, join(folder, 'program.mjs'));
    expect(existsSync(join(folder, 'node_modules/koffi'))).toBe(false);
    expect(await node([join(folder, 'program.mjs')])).toEqual({
      code: 0,
      stdout:
        `${VALUES}\n/dev/shm/ (deleted)\npipe\n${DISPOSED}\n` +
        'MissingPackageError: sharedArray() needs the package koffi, which is not installed: npm install koffi\n',
      stderr: '',
    });
  }),
);

onLinux('so does one that must not load it', async () => {
  const { stdout } = await node(['--no-addons', program]);
  expect(stdout).toMatch(`${VALUES}\n/dev/shm/ (deleted)\npipe\n${DISPOSED}\n`);
  expect(stdout).toMatch(
    /\nSharedMemoryError: sharedArray\(\) needs Linux and the package koffi, which does not work here: .*addons/,
  );
});

onLinux('without a compiler for WebAssembly, nothing is missing', async () => {
  const { code, stdout } = await node(['--jitless', program]);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: `${VALUES}\n/memfd:aiomultiprocess (deleted)\nmapped\n${DISPOSED}\n5\n`,
  });
});

onLinux('in a thread, which leaves nothing behind', async () => {
  expect(await node([program, 'in a thread'])).toEqual({
    code: 0,
    stdout: `${VALUES}\n/memfd:aiomultiprocess (deleted)\nmapped\n${DISPOSED}\n5\n0 descriptors left\n`,
    stderr: '',
  });
});

onLinux('in a thread that is terminated', async () => {
  const program = `${root}test/fixtures/shared-memory/programs/terminated-thread.mjs`;
  expect(await node([program])).toEqual({ code: 0, stdout: '4 0\n', stderr: '' });
});

onLinux('where the program must not write to memory, each task gets the value', async () => {
  const model = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
  const known = ['--allow-child-process', '--allow-net', '--allow-inspector'].filter((flag) =>
    process.allowedNodeEnvironmentFlags.has(flag),
  );
  const { stdout } = await node([model, '--allow-fs-read=*', '--no-warnings', ...known, program]);
  expect(stdout).toMatch(`${VALUES}\nnone\npipe\n${DISPOSED}\nSharedMemoryError: `);
});

describe('a process without koffi, in a program that has it,', () => {
  const options = { processes: 1, execArgv: ['--no-addons'] };

  test('reads shared values', async () => {
    using shared = share(Buffer.alloc(1_000_000, 7));
    await Pool.using(options, async (pool) => {
      expect(await pool.apply(readAt, [shared, 999_999])).toBe(7);
    });
  });

  test('exchanges large values through the pipe', async () => {
    await Pool.using(options, async (pool) => {
      const bytes = Buffer.alloc(1_000_000, 5);
      for (let count = 0; count < 20; count++) expect(bytes.equals(await pool.apply(echo<Buffer>, [bytes]))).toBe(true);
      expect(pool.stats().sharedMemory).toEqual({ way: 'pipe', used: 0 });
    });
  });

  onLinux('cannot receive an array: only that task fails', async () => {
    await Pool.using(options, async (pool) => {
      const array = sharedArray(Int32Array, 1);
      const [failed, other] = [pool.apply(add, [array, 0, 1]), pool.apply(add, [new Int32Array(1), 0, 1])];
      expect(await reasonOf(failed)).toMatchObject({
        name: 'SharedMemoryError',
        message: expect.stringMatching(/^a shared array needs Linux and the package koffi/),
      });
      await other;
    });
  });

  onLinux('nor as an argument of its initializer', async () => {
    const initargs = [sharedArray(Int32Array, 1)] as never[];
    await Pool.using({ ...options, initializer: setUpUnread, initargs }, async (pool) => {
      expect(await reasonOf(pool.apply(add, [new Int32Array(1), 0, 1]))).toMatchObject({
        name: 'InitializerError',
        cause: { name: 'SharedMemoryError' },
      });
    });
  });
});

const asRoot = process.platform === 'linux' && process.geteuid?.() === 0 ? test : test.skip;

asRoot('after a change of user', async () => {
  const { code, stdout } = await node([`${root}test/fixtures/shared-memory/dropped-rights.mjs`]);
  expect({ code, lines: stdout.trim().split('\n') }).toEqual({
    code: 0,
    lines: [
      'the children: SharedMemoryError EACCES',
      'the children, if they have read it before: 7',
      'the program: 7',
      'the program, and children that start afterwards: 7',
    ],
  });
});
