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
