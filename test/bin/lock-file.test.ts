/** Two runs never write the same file: a run with `--resume` locks its files until its process exits. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countTo, map } from '../support/command.ts';
import { startMap } from '../support/start-map.ts';
import { until } from '../support/until.ts';

let folder: string;
let output: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  output = join(folder, 'output');
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = () => readFileSync(output, 'utf8');
const errors = ['--on-error', 'report', '--error-file'];

test('refuses a second run, naming the process of the first, until that is killed', async () => {
  const errorFile = join(folder, 'errors');
  const args = ['./tasks.js#double', '--output', output, ...errors, errorFile];
  const first = startMap(...args, '-p', '1', '--resume');
  first.stdin.write('1\n');
  await until(() => existsSync(output) && read() === '2\n');
  const refused = { code: 2, stderr: expect.stringMatching(`is being written by .*: process ${first.pid}\n`) };
  expect(await map([...args, '--resume'], countTo(2))).toMatchObject(refused);
  expect(await map(args, countTo(2))).toMatchObject(refused);
  const other = ['./tasks.js#double', '--output', join(folder, 'other'), ...errors, errorFile, '--resume'];
  expect(await map(other, countTo(2))).toMatchObject(refused);
  first.kill('SIGKILL');
  await once(first, 'exit');
  expect(await map([...args, '--resume'], countTo(2))).toMatchObject({ code: 0 });
  expect(read()).toBe('2\n4\n');
  expect(existsSync(`${output}.lock`)).toBe(false);
});

const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('does not mistake a process that reuses the id of a killed run for that run', async () => {
  writeFileSync(`${output}.lock`, `${process.pid} 1\n`);
  expect(await map(['./tasks.js#double', '--output', output, '--resume'], countTo(2))).toMatchObject({ code: 0 });
  expect(read()).toBe('2\n4\n');
});
