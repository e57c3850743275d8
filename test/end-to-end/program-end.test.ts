import { findSurvivors } from '../support/alive.ts';
import { Program, runProgram } from '../support/program.ts';

const ok = { code: 0, stderr: '' };

test('a forgotten pool does not keep the program alive', async () => {
  expect(await runProgram('forgotten.mjs')).toEqual({ ...ok, stdout: '[ 2, 4, 6 ]\n' });
});

test('a pool that was never used does not keep the program alive', async () => {
  expect(await runProgram('unused.mjs')).toEqual({ ...ok, stdout: 'made\n' });
});

test('pending tasks keep the program alive', async () => {
  const { code, stdout } = await runProgram('waiting.mjs');
  expect(stdout.split('\n').filter(Boolean).toSorted()).toEqual(['2', '4', 'broadcast', 'from the task']);
  expect(code).toBe(0);
});

test.each([
  ['a map', 'map'],
  ['a stream', 'stream'],
  ['a map over a stream', 'both'],
])('%s that waits for a consumer does not keep the program alive', async (_what, kind) => {
  expect(await runProgram('unread.mjs', [kind])).toEqual({ ...ok, stdout: '' });
  expect(await runProgram('unread.mjs', [kind, 'close'])).toEqual({ ...ok, stdout: '' });
});

test.each([
  ['that are read slowly keep', 'slowly', '5000\n5000\n'],
  ['that have waited keep', 'read later', '5000\n5000\n'],
  ['that are awaited keep', 'awaited', '5000\n'],
])('results %s the program alive until the last one', async (_how, kind, stdout) => {
  expect(await runProgram('unread.mjs', [kind])).toEqual({ ...ok, stdout });
  expect(await runProgram('unread.mjs', [kind, 'close'])).toEqual({ ...ok, stdout });
});

test('join keeps the program alive', async () => {
  expect(await runProgram('joining.mjs')).toEqual({ ...ok, stdout: '[ 2, 4, 6 ]\n' });
});

test('the program waits for a process that is not a daemon', async () => {
  const { code, stdout } = await runProgram('unjoined.mjs');
  expect(stdout).toBe('the program has ended\nthe child has ended\n');
  expect(code).toBe(0);
});

/** Where the kernel kills the children of a dead parent: see lib/process/parent-death.ts. */
const isLinux = process.platform === 'linux';
const onLinux = isLinux ? describe : describe.skip;

type Ending = [how: string, end: (program: Program) => void, ended: number | NodeJS.Signals];

const signalled: Ending[] = [
  ['calls process.exit', (program) => program.tell('exit'), 4],
  ['throws', (program) => program.tell('throw'), 1],
  ['is ended by SIGTERM', (program) => program.kill('SIGTERM'), 'SIGTERM'],
  ['is ended by Ctrl-C', (program) => program.kill('SIGINT'), 'SIGINT'],
];
const killed: Ending = ['is ended by SIGKILL', (program) => program.kill('SIGKILL'), 'SIGKILL'];
const done: Ending = ['has nothing to do', (program) => program.tell('end'), 0];

describe.each([
  ['idle', 'pid', 'pool', [...signalled, killed, done], describe],
  ['waiting', 'wait', 'pool', [...signalled, killed], describe],
  ['in a busy loop', 'spin', 'pool', isLinux ? [...signalled, killed] : signalled, describe],
  ['in a busy loop and deaf to SIGTERM', 'spinDeaf', 'pool', [...signalled, killed], onLinux],
  ['a waiting daemon', 'wait', 'daemons', [done], describe],
  ['a daemon in a busy loop', 'spin', 'daemons', [done], describe],
  ['a daemon in a busy loop and deaf to SIGTERM', 'spinDeaf', 'daemons', [done], onLinux],
] as const)('no child that is %s', (_what, task, kind, endings, group) => {
  group('is left', () => {
    test.each(endings)('after a program that %s', async (_how, end, ended) => {
      await Program.using('holding.mjs', [task, kind], async (program) => {
        const children = await program.readPids(2);
        end(program);
        expect(await program.ended()).toBe(ended);
        expect(await findSurvivors(children)).toEqual([]);
      });
    });
  });
});

onLinux('no grandchild in a busy loop is left', () => {
  test.each<[string, (program: Program, child: number) => void]>([
    ['its parent', (_program, child) => process.kill(child, 'SIGKILL')],
    ['the program', (program) => program.kill('SIGKILL')],
  ])('after %s was killed', async (_which, kill) => {
    await Program.using('killed-holder.mjs', [], async (program) => {
      const [child, grandchild] = (await program.readPids(2)) as [number, number];
      kill(program, child);
      expect(await findSurvivors([child, grandchild])).toEqual([]);
    });
  });
});

onLinux('a pool of a thread', () => {
  test('ends with its thread, also in busy loops, and the program continues', async () => {
    await Program.using('thread.mjs', [], async (program) => {
      const children = await program.readPids(2);
      program.tell('end');
      expect(await findSurvivors(children)).toEqual([]);
      expect(program.isRunning).toBe(true);
    });
  });
});
