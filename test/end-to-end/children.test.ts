import { Pool } from 'aiomultiprocess';
import { pid } from '../fixtures/pool/tasks.js';
import { runProgram } from '../support/program.ts';
import { node, root, run } from '../support/run.ts';

test('children print to stdout and stderr of the program', async () => {
  const { code, stdout, stderr } = await runProgram('printing.mjs');
  expect(stdout).toBe('out pool\nout process\n');
  expect(stderr).toBe('err pool\nerr process\n');
  expect(code).toBe(0);
});

test('stdio "ignore" discards the output of children', async () => {
  expect(await runProgram('printing.mjs', ['ignore'])).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('stdio "stderr" sends all output of children to stderr', async () => {
  const { code, stdout, stderr } = await runProgram('printing.mjs', ['stderr']);
  expect(stdout).toBe('');
  expect(stderr.split('\n').filter(Boolean).sort()).toEqual(['err pool', 'err process', 'out pool', 'out process']);
  expect(code).toBe(0);
});

test('a target that throws prints its error on stderr', async () => {
  const { code, stdout, stderr } = await runProgram('failing-target.mjs');
  expect(stdout).toBe('exit code 1\n');
  expect(stderr).toMatch(/RangeError: the target failed\n\s+at .*tasks\.mjs/);
  expect(code).toBe(0);
});

test('a process that cannot be started prints the reason on stderr', async () => {
  const { code, stdout, stderr } = await runProgram('failing-target.mjs', ['/no/such/folder']);
  expect(stdout).toBe('exit code 1\n');
  expect(stderr).toMatch(/^Error: .*\/no\/such\/folder/);
  expect(code).toBe(0);
});

test('a process that was started but cannot be used fails the call and is killed', async () => {
  // The library that starts processes fails in this program. The output ends only when no child has it open.
  const { code, stdout } = await runProgram('unusable.mjs');
  expect(JSON.parse(stdout)).toEqual(['InitializerError TypeError', 'InitializerError TypeError', 1]);
  expect(code).toBe(0);
});

test.each([
  ['an option', ['--inspect=127.0.0.1:0'], ''],
  ['the environment', [], '--inspect=127.0.0.1:0'],
])('an inspector requested by %s is opened once', async (_where, flags, nodeOptions) => {
  const program = 'test/fixtures/pool/programs/inspected.mjs';
  const shell = `NODE_OPTIONS='${nodeOptions}' exec "$0" "$@"`;
  const { code, stdout, stderr } = await run('sh', [
    '-c',
    shell,
    process.execPath,
    '--no-deprecation',
    ...flags,
    program,
  ]);
  expect(stderr.match(/Debugger listening/g)).toHaveLength(1);
  expect(stderr).not.toMatch(/address already in use/);
  expect(JSON.parse(stdout)).toEqual({
    own: ['--no-deprecation', ...flags],
    children: [['--no-deprecation'], ['--no-deprecation']],
  });
  expect(code).toBe(0);
});

test.each([
  [
    [
      ['--test-name-pattern', 'foo'],
      ['--test-reporter', 'spec'],
      ['--test-concurrency', '2'],
      ['--test-timeout', '60000'],
      ['--test-shard', '1/1'],
      ['--inspect-publish-uid', 'http'],
      ['--inspect-port', '0'],
    ],
  ],
  [[['--test_reporter', 'spec']]],
])('children do not inherit %j, nor a value in the next argument', async (options) => {
  const flags = ['--title', 'kept', ...options.flat(), '--no-deprecation'];
  const { code, stdout } = await runProgram('inspected.mjs', [], flags);
  const kept = ['--title', 'kept', '--no-deprecation'];
  expect(JSON.parse(stdout)).toMatchObject({ children: [kept, kept] });
  expect(code).toBe(0);
});

test('a pool works in a program that node --test runs', async () => {
  const { code, stdout } = await runProgram('tested.mjs', [], ['--test', '--test-name-pattern', 'doubles']);
  expect(stdout).toMatch(/^# pass 1$|^ℹ pass 1$/m);
  expect(code).toBe(0);
});

test('children ignore Ctrl-C', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    const child = await pool.apply(pid);
    process.kill(child, 'SIGINT');
    expect(await pool.apply(pid)).toBe(child);
  }));

test('an idle pool uses no CPU time, and its timers do not fire', async () => {
  const { code, stdout } = await runProgram('idle.mjs');
  expect(code).toBe(0);
  const used: { cpu: number; turns: number }[] = JSON.parse(stdout);
  expect(used).toHaveLength(3);
  // A timer that polls every 10 ms would turn the event loop a hundred times in that second.
  for (const { cpu, turns } of used) {
    expect(cpu).toBeLessThan(0.2);
    expect(turns).toBeLessThan(20);
  }
});

describe('a program text', () => {
  const tasks = './test/fixtures/pool/programs/tasks.mjs';
  // If it ran in a child after all, it would end there, before it starts more processes.
  const text = `
    if (process.env.TEST_DEPTH) process.exit(9);
    process.env.TEST_DEPTH = '1';
    console.log('the program');
    Pool.using({ processes: 2 }, (pool) => pool.map(double, [1, 2, 3])).then((values) => console.log(values.join()));`;
  const module = `import { Pool } from 'aiomultiprocess'; import { double } from '${tasks}'; ${text}`;
  const script = `const { Pool } = require('aiomultiprocess'); import('${tasks}').then(({ double }) => { ${text} });`;

  test.each([
    ['-e with --input-type', ['--input-type=module', '-e', module]],
    ['-e', ['-e', script]],
    ['--eval=', [`--eval=${script}`]],
    ['-p', ['-p', `${script} ''`]],
    ['-pe', ['-pe', `${script} ''`]],
    ['-p and -e', ['-p', '-e', `${script} ''`]],
  ])('given by %s runs once, and its pool works', async (_how, args) => {
    const { code, stdout, stderr } = await node(['--no-warnings', ...args], { cwd: root });
    expect(stdout.trim().split('\n')).toEqual(['the program', '2,4,6']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  test('has no functions that a child can find, which the error says', async () => {
    const own = `import { Pool } from 'aiomultiprocess'; async function own() {}
      await Pool.using({ processes: 1 }, (pool) => pool.apply(own));`;
    const { code, stderr } = await node(['--input-type=module', '-e', own], { cwd: root });
    expect(stderr).toContain('TaskNotFoundError');
    expect(code).toBe(1);
  });
});
