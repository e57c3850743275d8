import { isRunning } from '../support/alive.ts';
import { Program, runProgram } from '../support/program.ts';

const ok = { code: 0, stderr: '' };

test('a forgotten pool does not keep the program alive', async () => {
  expect(await runProgram('forgotten.mjs')).toEqual({ ...ok, stdout: '[ 2, 4, 6 ]\n' });
});

test('a pool that was never used does not keep the program alive', async () => {
  expect(await runProgram('unused.mjs')).toEqual({ ...ok, stdout: 'made\n' });
});

test('work that is not answered keeps the program alive', async () => {
  const { code, stdout } = await runProgram('waiting.mjs');
  expect(stdout.split('\n').filter(Boolean).toSorted()).toEqual(['2', '4', 'broadcast', 'from the task']);
  expect(code).toBe(0);
});

test('join keeps the program alive', async () => {
  expect(await runProgram('joining.mjs')).toEqual({ ...ok, stdout: '[ 2, 4, 6 ]\n' });
});

test('the program takes a daemon with it', async () => {
  expect(await runProgram('daemon.mjs', ['daemon'])).toEqual({ ...ok, stdout: 'the program has ended\n' });
});

test('the program waits for a process that is no daemon', async () => {
  const { code, stdout } = await runProgram('daemon.mjs');
  expect(stdout).toBe('the program has ended\nthe child has ended\n');
  expect(code).toBe(0);
});

describe.each<[string, string, NodeJS.Signals[]]>([
  ['idle', 'nothing', ['SIGTERM', 'SIGINT', 'SIGKILL']],
  ['in a task', 'runForever', ['SIGTERM', 'SIGINT', 'SIGKILL']],
  ['in a busy loop', 'spinForever', ['SIGTERM', 'SIGINT']],
])('no child that is %s is left', (_what, task, endings) => {
  test.each([
    ['calls process.exit', 'exit', 4],
    ['throws', 'throw', 1],
  ])('after a program that %s', async (_how, end, code) => {
    const run = await runProgram('holding.mjs', [task, end]);
    expect(run.code).toBe(code);
    const children = run.stdout.match(/\d+/g)?.map(Number) ?? [];
    expect(children).toHaveLength(2);
    expect(children.filter(isRunning)).toEqual([]);
  });

  test.each(endings)('after a program that %s ended', async (signal) => {
    const program = new Program('holding.mjs', [task, 'wait']);
    const children = await program.readNumbers();
    expect(children).toHaveLength(2);
    expect(children.every(isRunning)).toBe(true);
    try {
      program.process.kill(signal);
      await program.ended();
    } finally {
      // A child that was left would stay for ever, and hold the pipe.
      for (const child of children) if (isRunning(child)) process.kill(child, 'SIGKILL');
    }
    expect(program.process.signalCode).toBe(signal);
    expect(children.filter(isRunning)).toEqual([]);
  });
});
