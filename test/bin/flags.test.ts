/** The flags that `aiomultiprocess` makes of the tables of options. The help of `map` is compared with docs/cli.md. */
import { aiomultiprocess, command, tasks } from '../support/command.ts';
import { run } from '../support/run.ts';

test('the help of host has a flag with its default for each option', async () => {
  const { code, stdout } = await aiomultiprocess(['host', '--help']);
  expect(code).toBe(0);
  const help = stdout.replaceAll(/\s+/g, ' ');
  for (const flag of [
    '-q, --queue <name> name of the queue, the same for callers and hosts',
    '--connection <url> URL of the datastore: redis://…, rediss://… or postgres://… (env: AIOMULTIPROCESS_CONNECTION)',
    '--max-value-size <size> size limit of the arguments, and of the result, of one task (default: 1M)',
    "--lock-duration <time> time without a sign of life after which another host may run a host's jobs (default: 30s)",
    '--start-timeout <time> time limit of the start of a process; 0: no limit (default: 1m)',
    '-c, --concurrency <n> most tasks that each process runs at a time (default: 16)',
    '--timeout <time> time limit of a task; 0: no limit (default: 0)',
    '-p, --processes <n> number of processes that run tasks (default: os.availableParallelism())',
  ]) {
    expect(help).toContain(` ${flag} `);
  }
});

test('a wrong value in the environment is a usage error that names the flag and the variable', async () => {
  const args = ['AIOMULTIPROCESS_CONNECTION=http://a', process.execPath, command, 'host', './tasks.js', '-q', 'a'];
  const { code, stderr } = await run('env', args, { cwd: tasks });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^error: option '--connection <url>' value 'http:\/\/a' from env 'AIOMULTIPROCESS_CONNECTION' is invalid\. Expected a URL/,
  );
});

test.each([
  [
    ['--progress=colour'],
    /^error: option '--progress=<form>' argument 'colour' is invalid\. Allowed choices are bar, processes\./,
  ],
  [['--no-progress', '--progress=bar'], /^error: --no-progress and --progress exclude each other/],
])('%j is a usage error', async (flags, message) => {
  const { code, stderr } = await aiomultiprocess(['map', './tasks.js#double', ...flags]);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

test('--progress takes no value, --progress=processes writes lines where stderr is not a terminal', async () => {
  for (const flags of [['--progress'], ['--progress=bar'], ['--progress=processes']]) {
    const { code, stdout, stderr } = await aiomultiprocess(['map', '-p', '1', ...flags, './tasks.js#double'], '1\n2\n');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '2\n4\n' });
    expect(stderr).toMatch(/^double: 2\/2 \(100 %\), [\d.]+\/s\n$/);
  }
});
