/** `aiomultiprocess map --resume`: what an interrupted run has done is not done again, and nothing else is left out. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countTo, map, valuesOf } from '../support/command.ts';
import { root, run } from '../support/run.ts';

let folder: string;
let output: string;
let journal: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  output = join(folder, 'output');
  journal = `${output}.journal`;
});
afterEach(() => rmSync(folder, { recursive: true }));

const resume = (fn: string, input: string, ...args: string[]) =>
  map([`./tasks.js#${fn}`, '--output', output, '--resume', ...args], input);
const read = (path: string) => readFileSync(path, 'utf8');

/** Takes away what a run has noted last: as if it had been killed before. */
function forget(lines: number): void {
  const kept = read(journal)
    .split('\n')
    .slice(0, -1 - lines);
  writeFileSync(journal, kept.map((line) => `${line}\n`).join(''));
}

test('a run that is killed again and again writes what one does that is not, in both orders', async () => {
  const program = `${root}test/reliability/programs/resume.mjs`;
  const args = [program, '--rounds', '1', '--items', '5000'];
  const { code, stdout, stderr } = await run(process.execPath, args, { timeout: 110_000 });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(valuesOf(stdout)).toMatchObject([{ order: 'ordered' }, { order: '--unordered' }]);
}, 120_000);

test('a run that was stopped by an item goes on with that item', async () => {
  expect(await resume('failOnThree', countTo(5), '-c', '1')).toMatchObject({ code: 1 });
  expect(read(output)).toBe('1\n2\n');
  const { code, stderr } = await resume('failOnThree', countTo(5), '--retries', '1');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^aiomultiprocess: going on after 2 items\naiomultiprocess: stopped: item 2 \(3\) failed/);
  expect(read(output)).toBe('1\n2\n');
});

test('a run that an item has stopped may go on without that item, and then only so', async () => {
  const report = ['--on-error', 'report', '--error-file', join(folder, 'errors')];
  await resume('failOnThree', countTo(5), '-c', '1');
  expect(await resume('failOnThree', countTo(5), ...report)).toMatchObject({ code: 1 });
  expect(read(output)).toBe('1\n2\n4\n5\n');
  expect(valuesOf(read(join(folder, 'errors')))).toMatchObject([{ index: 2, input: '3' }]);
  forget(1);
  const { code, stderr } = await resume('failOnThree', countTo(5), '--on-error', 'skip');
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching('on-error was "report", not "skip"') });
  expect(await resume('failOnThree', countTo(5), ...report)).toMatchObject({ code: 1 });
  expect(read(output)).toBe('1\n2\n4\n5\n');
});

test('a run that has finished is not run again, and says with its exit code how it was', async () => {
  const args = ['--on-error', 'skip'];
  expect(await resume('failOnThree', countTo(5), ...args)).toMatchObject({ code: 1 });
  appendFileSync(output, 'a remark\n');
  const again = await resume('failOnThree', countTo(5), ...args);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching('nothing to do: that run has finished') });
  expect(read(output)).toBe('1\n2\n4\n5\na remark\n');
});

test('what was written and not noted is written again, also the line that was cut', async () => {
  await resume('double', countTo(5));
  const whole = read(output);
  forget(2);
  appendFileSync(journal, '{"done":[[0,3');
  appendFileSync(output, '{"half a li');
  expect(await resume('double', countTo(5))).toMatchObject({ code: 0 });
  expect(read(output)).toBe(whole);
  expect(valuesOf(read(journal)).at(-1)).toEqual({ finished: true });
});

test('several files are gone on with as one input', async () => {
  const files = ['a', 'b', 'c'].map((name) => join(folder, name));
  for (const [index, file] of files.entries()) writeFileSync(file, `${index * 2}\n${index * 2 + 1}\n`);
  const args = ['--input', ...files];
  expect(await resume('failOnThree', '', ...args)).toMatchObject({ code: 1 });
  expect(read(output)).toBe('0\n1\n2\n');
  // Its journal has another function; the rest of it stays.
  writeFileSync(journal, read(journal).replace('#failOnThree', '#double'));
  expect(await resume('double', '', ...args)).toMatchObject({ code: 0 });
  expect(read(output)).toBe('0\n1\n2\n6\n8\n10\n');
});

describe('a run is not gone on with', () => {
  const begun = async () => {
    await resume('double', countTo(5));
    forget(1);
  };
  const refused = async (message: RegExp, again: ReturnType<typeof map>) => {
    const { code, stderr } = await again;
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  };

  test('by another function', async () => {
    await begun();
    await refused(/its function was "file:.*#double", not "file:.*#echo"/, resume('echo', countTo(5)));
  });

  test('with another input', async () => {
    await begun();
    await refused(/stdin: the input is another one .* first 10 bytes differ/, resume('double', countTo(50).slice(2)));
    await refused(/first 10 bytes differ/, resume('double', '1\n'));
    expect(await resume('double', countTo(6))).toMatchObject({ code: 0 });
    expect(read(output)).toBe('2\n4\n6\n8\n10\n12\n');
  });

  test('with another input behind an empty file', async () => {
    const [empty, full] = ['empty', 'full'].map((name) => join(folder, name)) as [string, string];
    const again = () => resume('double', '', '--input', empty, full);
    writeFileSync(empty, '');
    writeFileSync(full, countTo(5));
    await again();
    forget(1);
    writeFileSync(full, '9\n8\n7\n6\n5\n4\n');
    await refused(/full: the input is another one .* first 10 bytes differ/, again());
    writeFileSync(full, '');
    await refused(/the input is another one .* first 10 bytes differ/, again());
    writeFileSync(full, countTo(6));
    expect(await again()).toMatchObject({ code: 0 });
    expect(read(output)).toBe('2\n4\n6\n8\n10\n12\n');
  });

  test('in another form', async () => {
    await begun();
    await refused(/its unordered was false, not true/, resume('double', countTo(5), '--unordered'));
  });

  test('over an output that was cut', async () => {
    await begun();
    truncateSync(output, 3);
    await refused(/has 3 bytes, but its journal knows of 11/, resume('double', countTo(5)));
  });

  test('without the output of one that has finished', async () => {
    await resume('double', countTo(5));
    rmSync(output);
    await refused(
      /output is gone, but its journal knows of 11.*remove .*journal to begin/,
      resume('double', countTo(5)),
    );
    expect(existsSync(output)).toBe(false);
  });

  const RUN = '{"run":{}}\n';
  const POSITION = '"output":11,"errors":0,"failed":0}\n';
  test.each([
    ['a diary', 'my diary\n', ':1'],
    ['a diary of one line', 'my diary', ':1'],
    ['other JSON', '{"my":"diary"}\n', ':1'],
    ['no run', '{"run":null}\n', ':1'],
    ['no first line', `{"done":[[0,5]],${POSITION}`, ':1'],
    ['a start of no bytes', `${RUN}{"start":5}\n`, ':2'],
    ['no position', `${RUN}{"done":[]}\n`, ':2'],
    ['negative numbers', `${RUN}{"done":[[-1,5]],${POSITION}`, ':2'],
    [
      'a length before the last one',
      `${RUN}{"done":[[0,5]],${POSITION}{"done":[[5,1]],"output":3,"errors":0,"failed":0}\n`,
      ':3',
    ],
    ['an end that is none', `${RUN}{"finished":false}\n`, ':2'],
    ['other ends of lines', `${RUN.trim()}\r\n{"finished":true}\r\n`, ''],
  ])('with a journal that is damaged: %s', async (_what, text, line) => {
    writeFileSync(journal, text);
    writeFileSync(output, 'results');
    await refused(new RegExp(`output\\.journal${line} is no line of a journal`), resume('double', countTo(5)));
    expect([read(journal), read(output)]).toEqual([text, 'results']);
  });

  test('by one without --resume, until it has finished', async () => {
    const anew = () => map(['./tasks.js#double', '--output', output], countTo(2));
    await begun();
    await refused(/has not finished: go on with --resume, or remove it/, anew());
    expect(read(output)).toBe('2\n4\n6\n8\n10\n');
    await resume('double', countTo(5));
    expect(await anew()).toMatchObject({ code: 0 });
    expect(read(output)).toBe('2\n4\n');
    expect(() => read(journal)).toThrow('ENOENT');
  });
});
