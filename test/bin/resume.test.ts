/** `aiomultiprocess map --resume`: a run continues after an interrupt, without repeating or losing an item. */
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

/** Removes the last lines of the journal, as if the run had been killed earlier. */
function forget(lines: number): void {
  const kept = read(journal)
    .split('\n')
    .slice(0, -1 - lines);
  writeFileSync(journal, kept.map((line) => `${line}\n`).join(''));
}

test('a run that is killed again and again writes the same output as an undisturbed one, in both orders', async () => {
  const program = `${root}test/reliability/programs/resume.mjs`;
  const args = [program, '--rounds', '1', '--items', '5000'];
  const { code, stdout, stderr } = await run(process.execPath, args, { timeout: 110_000 });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(valuesOf(stdout)).toMatchObject([{ order: 'ordered' }, { order: '--unordered' }]);
}, 120_000);

test('a run that stopped at a failed item resumes with that item', async () => {
  expect(await resume('failOnThree', countTo(5), '-c', '1')).toMatchObject({ code: 1 });
  expect(read(output)).toBe('1\n2\n');
  const { code, stderr } = await resume('failOnThree', countTo(5), '--retries', '1');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^aiomultiprocess: resuming after 2 items\naiomultiprocess: stopped: item 2 \(3\) failed/);
  expect(read(output)).toBe('1\n2\n');
});

test('a run that stopped at a failed item may resume with --on-error report, which it must then keep', async () => {
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

test('a finished run does not run again; its exit code stays the same', async () => {
  const args = ['--on-error', 'skip'];
  expect(await resume('failOnThree', countTo(5), ...args)).toMatchObject({ code: 1 });
  appendFileSync(output, 'a remark\n');
  const again = await resume('failOnThree', countTo(5), ...args);
  expect(again).toMatchObject({
    code: 1,
    stderr: expect.stringMatching('nothing to do: the run has already finished'),
  });
  expect(read(output)).toBe('1\n2\n4\n5\na remark\n');
});

test('rewrites results that the journal does not record, and lines that were cut off', async () => {
  await resume('double', countTo(5));
  const whole = read(output);
  forget(2);
  appendFileSync(journal, '{"done":[[0,3');
  appendFileSync(output, '{"half a li');
  expect(await resume('double', countTo(5))).toMatchObject({ code: 0 });
  expect(read(output)).toBe(whole);
  expect(valuesOf(read(journal)).at(-1)).toEqual({ finished: true });
});

test('several files resume as one input', async () => {
  const files = ['a', 'b', 'c'].map((name) => join(folder, name));
  for (const [index, file] of files.entries()) writeFileSync(file, `${index * 2}\n${index * 2 + 1}\n`);
  const args = ['--input', ...files];
  expect(await resume('failOnThree', '', ...args)).toMatchObject({ code: 1 });
  expect(read(output)).toBe('0\n1\n2\n');
  // Puts another function into the journal, and keeps the rest.
  writeFileSync(journal, read(journal).replace('#failOnThree', '#double'));
  expect(await resume('double', '', ...args)).toMatchObject({ code: 0 });
  expect(read(output)).toBe('0\n1\n2\n6\n8\n10\n');
});

describe('a run does not resume', () => {
  let written: [output: string, journal: string] | undefined;
  /** The files of a run of `double` over five numbers that was killed at its end; the first test runs it. */
  const begun = async () => {
    if (written === undefined) {
      await resume('double', countTo(5));
      forget(1);
      written = [read(output), read(journal)];
    }
    writeFileSync(output, written[0]);
    writeFileSync(journal, written[1]);
  };
  const refused = async (message: RegExp, again: ReturnType<typeof map>) => {
    const { code, stderr } = await again;
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  };

  test('with another function', async () => {
    await begun();
    await refused(/its function was "file:.*#double", not "file:.*#echo"/, resume('echo', countTo(5)));
  });

  test('with another input', async () => {
    await begun();
    await refused(
      /stdin: the input is not that of the earlier run.* first 10 bytes differ/,
      resume('double', countTo(50).slice(2)),
    );
    await refused(/first 10 bytes differ/, resume('double', '1\n'));
    expect(await resume('double', countTo(6))).toMatchObject({ code: 0 });
    expect(read(output)).toBe('2\n4\n6\n8\n10\n12\n');
  });

  test('with another input after an empty file', async () => {
    const [empty, full] = ['empty', 'full'].map((name) => join(folder, name)) as [string, string];
    const again = () => resume('double', '', '--input', empty, full);
    writeFileSync(empty, '');
    writeFileSync(full, countTo(5));
    await again();
    forget(1);
    writeFileSync(full, '9\n8\n7\n6\n5\n4\n');
    await refused(/full: the input is not that of the earlier run.* first 10 bytes differ/, again());
    writeFileSync(full, '');
    await refused(/the input is not that of the earlier run.* first 10 bytes differ/, again());
    writeFileSync(full, countTo(6));
    expect(await again()).toMatchObject({ code: 0 });
    expect(read(output)).toBe('2\n4\n6\n8\n10\n12\n');
  });

  test('with another output form', async () => {
    await begun();
    await refused(/its unordered was false, not true/, resume('double', countTo(5), '--unordered'));
  });

  test('over a truncated output', async () => {
    await begun();
    truncateSync(output, 3);
    await refused(/has only 3 bytes, but its journal records 11 bytes/, resume('double', countTo(5)));
  });

  test('if a finished run has lost its output', async () => {
    await resume('double', countTo(5));
    rmSync(output);
    await refused(
      /output is gone, but its journal records 11 bytes.*remove .*journal to start/,
      resume('double', countTo(5)),
    );
    expect(existsSync(output)).toBe(false);
  });

  const RUN = '{"run":{}}\n';
  const POSITION = '"output":11,"errors":0,"failed":0}\n';
  test.each([
    ['other text', 'my diary\n', ':1 is not a valid journal line'],
    ['other text on one line', 'my diary', ':1 is not a valid journal line'],
    ['other JSON', '{"my":"diary"}\n', ':1 is not a valid journal line'],
    ['null as settings', '{"run":null}\n', ':1 is not a valid journal line'],
    ['a missing first line', `{"done":[[0,5]],${POSITION}`, ':1 is not a valid journal line'],
    ['an invalid start', `${RUN}{"start":5}\n`, ':2 is not a valid journal line'],
    ['a missing position', `${RUN}{"done":[]}\n`, ':2 is not a valid journal line'],
    ['negative numbers', `${RUN}{"done":[[-1,5]],${POSITION}`, ':2 is not a valid journal line'],
    [
      'a length below the previous one',
      `${RUN}{"done":[[0,5]],${POSITION}{"done":[[5,1]],"output":3,"errors":0,"failed":0}\n`,
      ':3 is not a valid journal line',
    ],
    ['an invalid end', `${RUN}{"finished":false}\n`, ':2 is not a valid journal line'],
    ['other line breaks', `${RUN.trim()}\r\n{"finished":true}\r\n`, ' is not UTF-8 text with \\n line breaks'],
  ])('with a damaged journal: %s', async (_what, text, message) => {
    writeFileSync(journal, text);
    writeFileSync(output, 'results');
    const { code, stderr } = await resume('double', countTo(5));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `error: ${journal}${message}; remove the file to start again\n`,
    });
    expect([read(journal), read(output)]).toEqual([text, 'results']);
  });

  test('and is not overwritten without --resume, until it has finished', async () => {
    const anew = () => map(['./tasks.js#double', '--output', output], countTo(2));
    await begun();
    await refused(/unfinished run: continue it with --resume, or remove the journal/, anew());
    expect(read(output)).toBe('2\n4\n6\n8\n10\n');
    await resume('double', countTo(5));
    expect(await anew()).toMatchObject({ code: 0 });
    expect(read(output)).toBe('2\n4\n');
    expect(() => read(journal)).toThrow('ENOENT');
  });
});
