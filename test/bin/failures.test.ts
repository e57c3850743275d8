/** Failing items, failing runs and usage errors, and the exit code of each. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { aiomultiprocess, command, countTo, map, tasks, valuesOf } from '../support/command.ts';
import { run } from '../support/run.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  writeFileSync(join(folder, 'tasks.mjs'), `export * from ${JSON.stringify(`file://${tasks}tasks.js`)};\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('an item that fails', () => {
  test('stops the run, after the earlier results are written', async () => {
    const { code, stdout, stderr } = await map(['./tasks.js#failOnThree'], countTo(1000));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '1\n2\n' });
    expect(stderr).toMatch(/^aiomultiprocess: stopped: item 2 \(3\) failed with RangeError: three is too many\n/);
    expect(stderr).not.toMatch(/dist|node:internal/);
  });

  test('is left out with --on-error skip', async () => {
    const { code, stdout, stderr } = await map(['./tasks.js#failOnThree', '--on-error', 'skip'], countTo(5));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '1\n2\n4\n5\n' });
    expect(stderr).toMatch(
      /^aiomultiprocess: 1 of 5 items failed; the first: item 2 \(3\) failed with RangeError: three/,
    );
  });

  test('is reported by --on-error report, with its index, input and error', async () => {
    const args = ['./tasks.mjs#failOnThree', '--on-error', 'report'];
    expect(await map(args, countTo(5), folder)).toMatchObject({ code: 1, stdout: '1\n2\n4\n5\n' });
    expect(valuesOf(readFileSync(join(folder, 'errors.ndjson'), 'utf8'))).toEqual([
      {
        index: 2,
        input: '3',
        error: expect.objectContaining({ name: 'RangeError', message: 'three is too many', code: 'E_THREE' }),
      },
    ]);
  });

  test('may be an invalid JSON line, or an item whose process dies', async () => {
    const errors = join(folder, 'others.ndjson');
    const args = ['--on-error', 'report', '--error-file', errors];
    const read = () => valuesOf(readFileSync(errors, 'utf8'));
    const parsed = await map(['./tasks.js#echo', '--format', 'ndjson', ...args], '1\n{"a":\n3\n');
    expect(parsed).toMatchObject({ code: 1, stdout: '1\n3\n' });
    expect(read()).toMatchObject([{ index: 1, input: '{"a":', error: { name: 'SyntaxError' } }]);
    const died = await map(['./tasks.js#die', ...args], '2\n');
    expect(died).toMatchObject({ code: 1, stdout: '' });
    const exit = { name: 'ProcessExitError', code: 'ERR_AIOMULTIPROCESS_PROCESS_EXIT', exitCode: 5 };
    expect(read()).toMatchObject([{ index: 0, input: '2', error: exit }]);
  });
});

test('invalid CSV ends the run, after the rows before it', async () => {
  const { code, stdout, stderr } = await map(['./tasks.js#echo', '--format', 'csv'], 'a,b\n1,2\n3\n4,5\n');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '{"a":"1","b":"2"}\n' });
  expect(stderr).toMatch(/^aiomultiprocess: stdin: Invalid Record Length: .* on line 3\n$/);
});

test('CSV with duplicate column names ends the run before its first row', async () => {
  const { code, stdout, stderr } = await map(['./tasks.js#echo', '--format', 'csv'], 'a,b,a,b,c\n1,2,3,4,5\n');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe('aiomultiprocess: stdin: duplicate column names in the first row: "a", "b"\n');
});

test('a module that fails to load ends the run at once', async () => {
  const { code, stdout, stderr } = await map(['./broken.js#any'], '1\n');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch('RangeError: broken as it loads');
});

test('--json-logs writes the same messages as JSON lines', async () => {
  const { stderr } = await map(['./tasks.js#failOnThree', '--on-error', 'skip', '--json-logs'], countTo(5));
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(valuesOf(stderr)).toEqual([
    { time, level: 'info', message: 'done', done: 4, failed: 1 },
    { time, level: 'warn', message: expect.stringMatching(/^1 of 5 items failed/), done: 4, failed: 1 },
  ]);
  const stopped = await map(['./tasks.js#failOnThree', '--json-logs'], countTo(5));
  expect(valuesOf(stopped.stderr)).toEqual([
    expect.objectContaining({
      level: 'error',
      index: 2,
      input: '3',
      error: expect.objectContaining({ code: 'E_THREE' }),
    }),
  ]);
});

/** A symbolic link to itself. */
const CIRCLE = join(mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-')), 'circle');
beforeAll(() => symlinkSync('circle', CIRCLE));
afterAll(() => rmSync(dirname(CIRCLE), { recursive: true }));

const HOST = ['host', './tasks.js', '--queue', 'a', '--connection', 'redis://localhost'];

test.each<[string, string[], RegExp]>([
  ['no function', ['map'], /missing required argument 'function'/],
  ['two functions', ['map', './tasks.js', './tasks.js'], /too many arguments/],
  ['a missing module', ['map', './nothing.js#double'], /There is no file .*nothing\.js/],
  ['a folder as module', ['map', '.#double'], /There is no file/],
  ['a circular link as module', ['map', `${CIRCLE}#double`], /Expected a file: ELOOP/],
  ['a malformed URL', ['map', 'file:///%zz#double'], /Expected a file: URI malformed/],
  ['a URL with a host', ['map', 'file://elsewhere/tasks.js#double'], /Expected a file: File URL host/],
  ['a path that is too long', ['map', `${'x'.repeat(300)}#double`], /Expected a file: ENAMETOOLONG/],
  ['an empty export name', ['map', './tasks.js#'], /Expected a module and its export/],
  ['a missing export', ['map', './tasks.js#dubble'], /exports no function of that name; it exports add, begin/],
  [
    'a missing initializer',
    ['map', './tasks.js#double', '--initializer', './tasks.js#initialise'],
    /'initialise'.* exports no function of that name/,
  ],
  ['a circular link as input', ['map', './tasks.js', '--input', CIRCLE], /cannot read .*circle: ELOOP/],
  ['an unknown option', ['map', './tasks.js', '--processs', '2'], /unknown option '--processs'/],
  ['an unknown format', ['map', './tasks.js', '--format', 'xml'], /Allowed choices are lines, ndjson, csv/],
  ['zero processes', ['map', './tasks.js', '--processes', '0'], /an integer from 1 to 32768/],
  ['half a process', ['map', './tasks.js', '--processes', '1.5'], /an integer from 1 to 32768/],
  ['an invalid time', ['map', './tasks.js', '--timeout', 'soon'], /milliseconds, or a time such as 30s/],
  [
    'a time beyond the range of a timer',
    ['map', './tasks.js', '--timeout', '9999h'],
    /milliseconds from 0 to 2147483647/,
  ],
  ['an invalid size', ['map', './tasks.js', '--max-memory-per-child', '2 cows'], /bytes, or a size such as 512M/],
  [
    'invalid JSON as arguments',
    ['map', './tasks.js', '--initializer', './tasks.js', '--initargs', '{'],
    /a JSON array/,
  ],
  ['arguments without an initializer', ['map', './tasks.js', '--initargs', '[]'], /--initargs requires --initializer/],
  ['an error file without --on-error report', ['map', './tasks.js', '--error-file', 'a'], /requires --on-error report/],
  ['--resume to a pipe', ['map', './tasks.js', '--resume'], /--resume requires --output/],
  ['a missing input', ['map', './tasks.js', '--input', 'nothing.txt'], /there is no file nothing\.txt/],
  ['a glob without a match', ['map', './tasks.js', '--input', '*.nothing'], /no file matches \*\.nothing/],
  ['a folder as input', ['map', './tasks.js', '--input', '.'], /\. is a folder; name its files/],
  [
    'an output that is an input',
    ['map', './tasks.js', '--input', 'broken.js', '--output', 'broken.js'],
    /also an input/,
  ],
  [
    'one file for output and errors',
    ['map', './tasks.js', '-o', 'a', '--on-error', 'report', '--error-file', 'a'],
    /a cannot be written: it is also the output/,
  ],
  ['an output to resume in a missing folder', ['map', './tasks.js', '--resume', '-o', 'no/a'], /cannot write no\/a/],
  ['a host without a module', [...HOST, './nothing.js'], /There is no file .*nothing\.js/],
  ['a host without a queue', ['host', './tasks.js'], /required option '-q, --queue <name>' not specified/],
  [
    'a host without a datastore',
    ['host', './tasks.js', '-q', 'a'],
    /required option '--connection <url>' not specified/,
  ],
  ['a host of an unknown datastore', [...HOST, '--connection', 'http://a'], /starts with redis:\/\//],
  ['a port out of range', [...HOST, '--port', '70000'], /an integer from 0 to 65535/],
  [
    'a lock that is too short',
    [...HOST, '--lock-duration', '5'],
    /'--lock-duration <time>' argument '5' is invalid\. Expected an integer from 100/,
  ],
  ['an output in a missing folder', ['map', './tasks.js', '--output', 'no/where'], /cannot write no\/where/],
])('%s is a usage error', async (_what, args, message) => {
  const { code, stdout, stderr } = await aiomultiprocess(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^error: /);
  expect(stderr).toMatch(message);
});

test('a folder as stdin is a usage error', async () => {
  const { code, stderr } = await run('bash', ['-c', '"$0" "$1" map ./tasks.js < /', process.execPath, command], {
    cwd: tasks,
  });
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'error: stdin is a folder\n' });
});

describe('a usage error neither changes nor creates a file', () => {
  const files = () => readdirSync(folder).map((name) => [name, statSync(join(folder, name)).size]);
  const output = () => join(folder, 'kept');
  beforeEach(() => writeFileSync(output(), 'results'));

  test.each<[string, () => string[], RegExp]>([
    ['no function', () => ['./tasks.js#dubble', '--output', output()], /no function/],
    [
      'an error file that cannot be written',
      () => ['./tasks.js', '--output', output(), '--on-error', 'report', '--error-file', '/nonexistent/e'],
      /cannot write \/nonexistent\/e/,
    ],
    [
      'with both files new',
      () => ['./tasks.js', '--output', `${output()}2`, '--on-error', 'report', '--error-file', '/nonexistent/e'],
      /cannot write \/nonexistent\/e/,
    ],
    [
      'a folder to resume in',
      () => ['./tasks.js', '--output', folder, '--resume'],
      /--resume requires a regular file; .* is not one/,
    ],
    [
      'a device to resume on',
      () => ['./tasks.js', '--output', '/dev/null', '--resume'],
      /requires a regular file; \/dev\/null is not one/,
    ],
  ])('%s', async (_what, args, message) => {
    const before = files();
    expect(await map(args())).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    expect(files()).toEqual(before);
    expect([`${folder}.journal`, '/dev/null.journal'].filter((path) => existsSync(path))).toEqual([]);
  });
});
