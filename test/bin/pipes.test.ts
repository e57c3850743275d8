/** `aiomultiprocess map` between other programs, which end, wait, and send more than any memory holds. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { findSurvivors } from '../support/alive.ts';
import { command, countTo, tasks, valuesOf } from '../support/command.ts';
import { root, run } from '../support/run.ts';
import { startMap } from './start-map.ts';

test('a reader that has had enough ends the run, which is no error', async () => {
  const shell = `yes | "$0" "$1" map ./tasks.js#echo | head -1; echo "codes: \${PIPESTATUS[*]}"`;
  const result = await run('bash', ['-c', shell, process.execPath, command], { cwd: tasks });
  // yes has met the same end as it always does.
  expect(result).toEqual({ code: 0, stdout: '"y"\ncodes: 141 0 0\n', stderr: '' });
});

test('a result is written as soon as it is there, while the input is open', async () => {
  const child = startMap('./tasks.js#double');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (const number of [1, 2]) {
    child.stdin.write(`${number}\n`);
    expect(await lines.next()).toEqual({ done: false, value: String(number * 2) });
  }
  child.stdin.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a reader that waits makes the input wait', async () => {
  const child = startMap('./tasks.js#echo', '-p', '1');
  const line = `${'x'.repeat(999)}\n`;
  let written = 0;
  // As much as is taken, until for a second nothing is.
  for (let idle = false; !idle; ) {
    while (child.stdin.write(line)) written++;
    written++;
    idle = await Promise.race([once(child.stdin, 'drain').then(() => false), pause(1000)]);
  }
  // The pipes hold a few hundred lines, and 1,024 results may wait; what was read at a time and is being written is more.
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

test('a run whose results nobody reads can be stopped all the same', async () => {
  const child = startMap('./tasks.js#echo');
  child.stdin.end('x'.repeat(999_999).concat('\n').repeat(4));
  // The pipe is full then.
  await once(child.stdout, 'readable');
  child.kill('SIGINT');
  await once(child.stderr, 'data');
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  expect(code).toBe(130);
  child.stdout.destroy();
});

test('SIGTERM lets what has begun finish too', async () => {
  const child = startMap('./tasks.js#double');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write('1\n');
  await lines.next();
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([143, null]);
});

test('an input of 100 MB takes no more memory than it should', async () => {
  const program = `${root}test/reliability/programs/large-input.mjs`;
  const { code, stdout, stderr } = await run(process.execPath, [program, '--megabytes', '100'], { timeout: 110_000 });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(valuesOf(stdout)).toEqual([expect.objectContaining({ megabytes: 100 })]);
}, 120_000);

test('nothing is left when the run is killed', async () => {
  const child = startMap('./tasks.js#getPid', '--on-error', 'skip');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(countTo(1));
  const { value } = await lines.next();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await findSurvivors([Number(value)])).toEqual([]);
});
