/** The messages of `aiomultiprocess` on stderr: as JSON with `--json-logs`, and when their reader has gone away. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aiomultiprocess, command, countTo, map, tasks, valuesOf } from '../support/command.ts';
import { run } from '../support/run.ts';
import { startMap } from '../support/start-map.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const shell = (script: string) => run('bash', ['-c', script, process.execPath, command], { cwd: tasks });

test.each<[string, string[], string]>([
  ['in the command line', ['./tasks.js', '--processs', '2'], "unknown option '--processs'"],
  ['in two options', ['./tasks.js', '--resume'], '--resume requires --output'],
  ['in a file', ['./tasks.js', '--input', 'nothing'], 'there is no file nothing'],
  ['in the function', ['./tasks.js#dubble'], 'exports no function of that name'],
])('--json-logs writes usage errors %s as JSON', async (_what, args, message) => {
  const { code, stderr } = await aiomultiprocess(['map', '--json-logs', ...args]);
  expect(code).toBe(2);
  expect(valuesOf(stderr)).toEqual([
    { time: expect.any(String), level: 'error', message: expect.stringContaining(message) },
  ]);
});

test('--json-logs writes an error found late in the input as JSON', async () => {
  const args = ['./tasks.js#failOnThree', '--json-logs', '--resume', '--output', join(folder, 'late')];
  await map(args, countTo(5));
  const { code, stderr } = await map(args, '2\n3\n');
  expect(code).toBe(2);
  expect(valuesOf(stderr)).toMatchObject([
    { level: 'info', message: 'resuming after 2 items' },
    { level: 'error', message: expect.stringContaining('the input is not that of the earlier run') },
  ]);
});

test('--json-logs writes the progress as JSON', async () => {
  const { stderr } = await map(['./tasks.js#double', '--json-logs', '--progress'], countTo(5));
  expect(valuesOf(stderr)).toMatchObject([
    { level: 'info', message: 'progress', done: 5, failed: 0 },
    { level: 'info', message: 'done', done: 5, failed: 0 },
  ]);
});

test('the run continues when the reader of the messages goes away', async () => {
  const child = startMap('./tasks.js#double', '-p', '1', '--progress', '--on-error', 'skip');
  child.stderr.destroy();
  child.stdin.write('1\n');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  let rest = '';
  child.stdout.on('data', (text) => (rest += text));
  expect(await once(child, 'exit')).toEqual([130, null]);
  expect(rest).toBe('');
});

test('the run continues when messages cannot be written', async () => {
  const args = `./tasks.js#failOnThree -c 1 --output ${join(folder, 'full')} --resume`;
  await shell(`seq 5 | "$0" "$1" map ${args}`);
  // The first message, "resuming after …", already fails to be written.
  const { code } = await shell(`seq 5 | "$0" "$1" map ${args} --on-error skip 2> /dev/full`);
  expect(code).toBe(1);
  expect(readFileSync(join(folder, 'full'), 'utf8')).toBe('1\n2\n4\n5\n');
});

test.each(['map', 'host'])('%s --help tolerates a reader that stops early', async (name) => {
  // The reader exits before the text arrives.
  const { stdout, stderr } = await shell(`"$0" "$1" ${name} --help | true; echo "\${PIPESTATUS[0]}"`);
  expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
});

test.each([
  ['seq 5 | "$0" "$1" map ./tasks.js#double > /dev/full', 'stdout'],
  ['seq 5 | "$0" "$1" map ./tasks.js#failOnThree --on-error report --error-file /dev/full', '/dev/full'],
])('names a file that is full: %s', async (script, name) => {
  const { code, stderr } = await shell(script);
  expect(code).toBe(1);
  expect(stderr).toBe(`aiomultiprocess: cannot write ${name}: ENOSPC: no space left on device, write\n`);
});

test('a stack shows the frames of the function, without those of the package', async () => {
  const { code, stderr } = await map(['./tasks.js#add', '--initializer', './tasks.js#failToInitialize']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/RangeError: no database\n +at failToInitialize \(.*tasks\.js:\d+:\d+\)\n/);
  expect(stderr).not.toMatch(/\/dist\/|node:/);
});
