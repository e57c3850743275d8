/** `aiomultiprocess map --queue`: the items run on hosts. */
import { join } from 'node:path';
import { aiomultiprocess, tasks } from '../support/command.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { HostProcess } from '../support/hosts.ts';
import { root } from '../support/run.ts';
import { startRedis, type TestServer } from '../support/servers.ts';

let redis: TestServer;
let host: HostProcess;

beforeAll(async () => {
  redis = await startRedis();
  host = new HostProcess('items', redis.url, [], [`${tasks}tasks.js`]);
  await host.ready();
}, 60_000);

afterAll(async () => {
  await host.end();
  await redis.remove();
});

const map = (args: string[], input: string) =>
  aiomultiprocess(['map', ...args, '--queue', 'items', '--connection', redis.url, '--root', root], input);

test('writes the results of lines, and of JSON values with those that are not', async () => {
  expect(await map(['./tasks.js#double'], '1\n2\n3\n')).toEqual({ code: 0, stdout: '2\n4\n6\n', stderr: '' });
  const args = ['./tasks.js#echo', '--format', 'ndjson', '--on-error', 'skip'];
  const { code, stdout, stderr } = await map(args, '{"a":[1]}\nnot\n"b"\n');
  expect([code, stdout]).toEqual([1, '{"a":[1]}\n"b"\n']);
  expect(stderr).toContain('item 1 (not) failed with SyntaxError: the line is not JSON');
});

test('stops at a failed item, and resumes from its journal', async () => {
  await withFile(async (folder) => {
    const output = `${folder}.ndjson`;
    const input = join(tasks, 'numbers.txt');
    const args = ['./tasks.js#failOnThree', '--input', input, '--output', output, '--resume'];
    const first = await map(args, '');
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('three is too many');
    expect(await linesOf(output)).toEqual(['1', '2']);
    const second = await map([...args, '--on-error', 'skip'], '');
    expect(second.stderr).toContain('resuming after 2 items');
    expect(await linesOf(output)).toEqual(['1', '2', '4', '5']);
  });
});

test.each([
  [['--processes', '2'], '--processes cannot be used with --queue'],
  [['--initializer', './tasks.js#initialize'], '--initializer cannot be used with --queue'],
  [['--max-memory-per-child', '512M'], '--max-memory-per-child cannot be used with --queue'],
  [['--start-timeout', '5s'], '--start-timeout cannot be used with --queue'],
])('%j is an option of the hosts', async (args, message) => {
  const { code, stderr } = await map(['./tasks.js#double', ...args], '1\n');
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test('--queue requires --connection', async () => {
  const { code, stderr } = await aiomultiprocess(['map', './tasks.js#double', '--queue', 'q'], '1\n');
  expect([code, stderr]).toEqual([2, expect.stringContaining('--queue requires --connection')]);
});

test.each([
  [['--connection', 'redis://127.0.0.1:1'], '--connection requires --queue'],
  [['--max-value-size', '2M'], '--max-value-size requires --queue'],
])('%j without --queue does not run the items on this machine', async (args, message) => {
  const { code, stdout, stderr } = await aiomultiprocess(['map', './tasks.js#double', ...args], '1\n');
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
});
