/** `aiomultiprocess map` in a pipeline: neighbours that exit, wait, or send more than fits into memory. */
import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { findSurvivors } from '../support/alive.ts';
import { command, countTo, tasks, valuesOf } from '../support/command.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { root, run } from '../support/run.ts';
import { SlowPipe } from '../support/slow-pipe.ts';
import { startMap } from '../support/start-map.ts';

test('a reader that stops early ends the run without an error', async () => {
  const shell = `yes | "$0" "$1" map ./tasks.js#echo | head -1; echo "codes: \${PIPESTATUS[*]}"`;
  const result = await run('bash', ['-c', shell, process.execPath, command], { cwd: tasks });
  // 141: `yes` dies of SIGPIPE, as always.
  expect(result).toEqual({ code: 0, stdout: '"y"\ncodes: 141 0 0\n', stderr: '' });
});

test('a reader that stops early ends the run at once, even while items are running', async () => {
  await withFile(async (file) => {
    const child = startMap('./tasks.js#block', '-p', '2', '-c', '1', '--unordered');
    const exited = once(child, 'close');
    let stderr = '';
    child.stderr.on('data', (text) => (stderr += text));
    child.stdin.write(`${file}\n`);
    let pids: string[] = [];
    while (pids.length === 0) pids = await linesOf(file);
    child.stdout.destroy();
    child.stdin.write('\n');
    expect(await exited).toEqual([0, null]);
    expect(stderr).toBe('');
    expect(await findSurvivors(pids.map(Number))).toEqual([]);
  });
});

test.each([
  ['a reader that stops early', '2>&1 >/dev/null | head -1 | wc -l'],
  ['a full disk', '2>/dev/full'],
])('the run continues when the output of items cannot be written: %s', async (_what, where) => {
  await withFile(async (file) => {
    const shell = `(seq 60; false) | "$0" "$1" map ./tasks.js#printMuch --output '${file}' ${where}; echo "\${PIPESTATUS[1]}"`;
    const { stdout, stderr } = await run('bash', ['-c', shell, process.execPath, command], { cwd: tasks });
    expect({ stdout: stdout.split('\n').at(-2), stderr }).toEqual({ stdout: '0', stderr: '' });
    expect(valuesOf(await readFile(file, 'utf8'))).toEqual(Array.from({ length: 60 }, (_, index) => `${index + 1}`));
  });
});

test('everything that items print arrives before their results', async () => {
  const pipe = new SlowPipe();
  const stdio: StdioOptions = ['pipe', 'pipe', pipe.writer];
  const child = spawn(process.execPath, [command, 'map', './tasks.js#printMuch'], {
    cwd: tasks,
    stdio,
    timeout: 25_000,
  });
  pipe.closeWriter();
  child.stdin?.end('1\n2\n3\n');
  const result = once(child.stdout as Readable, 'data');
  // Waits a second: no event tells that there is no result yet.
  expect(await Promise.race([result, pause(1000)])).toBe(true);
  expect(await pipe.read()).toHaveLength(3 * 200 * 901);
  expect(String(await result)).toMatch(/^"1"\n/);
});

test('the final message of the command arrives after everything that the items have printed', async () => {
  await withFile(async (file) => {
    const pipe = new SlowPipe();
    const args = [command, 'map', './tasks.js#fillAndFail'];
    const stdio: StdioOptions = ['pipe', 'ignore', pipe.writer];
    const child = spawn(process.execPath, args, { cwd: tasks, stdio, timeout: 25_000 });
    pipe.closeWriter();
    const exited = once(child, 'exit');
    child.stdin?.end(`${file}\n`);
    let pids: string[] = [];
    while (pids.length === 0) pids = await linesOf(file);
    expect(await findSurvivors(pids.map(Number))).toEqual([]);
    // Waits a second: no event tells that the command is still running.
    expect(await Promise.race([exited, pause(1000)])).toBe(true);
    const text = await pipe.read();
    expect(text.startsWith(`${'x'.repeat(65_535)}\n`)).toBe(true);
    expect(text.slice(65_536)).toMatch(/^aiomultiprocess: stopped: item 0 .* it is full\n/);
    expect(await exited).toEqual([1, null]);
  });
});

test('writes each result at once, while the input is still open', async () => {
  const child = startMap('./tasks.js#double');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (const number of [1, 2]) {
    child.stdin.write(`${number}\n`);
    expect(await lines.next()).toEqual({ done: false, value: String(number * 2) });
  }
  child.stdin.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a slow reader slows down the input', async () => {
  const child = startMap('./tasks.js#echo', '-p', '1');
  const line = `${'x'.repeat(999)}\n`;
  let written = 0;
  // Writes until the command has not read for a second.
  for (let idle = false; !idle; ) {
    while (child.stdin.write(line)) written++;
    written++;
    idle = await Promise.race([once(child.stdin, 'drain').then(() => false), pause(1000)]);
  }
  // The pipes hold a few hundred lines, 1,024 results may wait, and the chunks being read and written hold more.
  expect(written).toBeLessThan(20_000);
  child.stdin.end();
  let lines = 0;
  for await (const _ of createInterface({ input: child.stdout })) lines++;
  expect(lines).toBe(written);
});

async function pause(milliseconds: number): Promise<true> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return true;
}

test('a run whose results are not read can still be stopped', async () => {
  const child = startMap('./tasks.js#echo');
  child.stdin.end('x'.repeat(999_999).concat('\n').repeat(4));
  // By then the pipe is full.
  await once(child.stdout, 'readable');
  child.kill('SIGINT');
  await once(child.stderr, 'data');
  // An earlier second signal would count as an echo of the first.
  await pause(300);
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  expect(code).toBe(130);
  child.stdout.destroy();
});

test('SIGTERM also lets running items finish', async () => {
  const child = startMap('./tasks.js#double');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write('1\n');
  await lines.next();
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([143, null]);
});

test('an input of 100 MB needs constant memory', async () => {
  const program = `${root}test/reliability/programs/large-input.mjs`;
  const { code, stdout, stderr } = await run(process.execPath, [program, '--megabytes', '100'], { timeout: 110_000 });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(valuesOf(stdout)).toEqual([expect.objectContaining({ megabytes: 100 })]);
}, 120_000);

test('no process survives when the run is killed', async () => {
  const child = startMap('./tasks.js#getPid', '--on-error', 'skip');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(countTo(1));
  const { value } = await lines.next();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await findSurvivors([Number(value)])).toEqual([]);
});
