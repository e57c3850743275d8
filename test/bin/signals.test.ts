/** A signal that reaches `aiomultiprocess map` and its processes together. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, countTo, map, tasks } from '../support/command.ts';
import { until } from '../support/until.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (path: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

describe.each([
  ['which ignore it', 'noteAndWait'],
  ['which exit', 'noteAndExit'],
])('after SIGTERM to a run and its processes, %s,', (_what, fn) => {
  test.each([[[]], [['--unordered']]])('the run resumes without losing an item %j', async (order) => {
    const [input, output, log] = ['input', 'output', 'log'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(input, countTo(20));
    const args = [
      '--input',
      input,
      '--output',
      output,
      '--resume',
      '--on-error',
      'skip',
      '-p',
      '2',
      '-c',
      '4',
      ...order,
    ];
    const env = { ...process.env, TEST_LOG: log };
    const run = spawn(process.execPath, [command, 'map', `./tasks.js#${fn}`, ...args], {
      cwd: tasks,
      env,
      detached: true,
      stdio: 'ignore',
    });
    const exited = once(run, 'exit');
    await until(() => read(log).split('\n').length > 8);
    process.kill(-(run.pid as number), 'SIGTERM');
    expect(await exited).toEqual([143, null]);
    const { code, stderr } = await map([`./tasks.js#${fn}`, ...args], '', tasks);
    expect({ code, stderr: stderr.includes('failed') }).toEqual({ code: 0, stderr: false });
    const lines = read(output)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const values = lines.map((line) => (typeof line === 'number' ? line : line.value));
    const sorted = order.length === 0 ? values : values.sort((a, b) => a - b);
    expect(sorted).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });
});
