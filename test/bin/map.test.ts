/** `aiomultiprocess map`: inputs, results and the options of its pool. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countTo, map, tasks, valuesOf } from '../support/command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string | Buffer) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test('writes one JSON line for each input line, in input order', async () => {
  const result = await map(['./tasks.js#doubleInReverse'], countTo(5));
  expect(result).toEqual({ code: 0, stdout: '2\n4\n6\n8\n10\n', stderr: '' });
});

test('--unordered writes each result as soon as it arrives, with its index', async () => {
  const { code, stdout } = await map(['./tasks.js#doubleInReverse', '--unordered'], countTo(5));
  const lines = valuesOf(stdout) as { index: number; value: number }[];
  expect(lines.map(({ index }) => index)).toEqual([4, 3, 2, 1, 0]);
  expect(lines.every(({ index, value }) => value === (index + 1) * 2)).toBe(true);
  expect(code).toBe(0);
});

test('an empty input gives an empty output', async () => {
  expect(await map(['./tasks.js#double'])).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('runs the default export without a name, and accepts a file: URL as the module', async () => {
  expect(await map(['./tasks.js'], 'four\n')).toMatchObject({ code: 0, stdout: '4\n' });
  expect(await map([`${new URL('tasks.js', `file://${tasks}`)}#double`], '4\n')).toMatchObject({ stdout: '8\n' });
});

test('runs a TypeScript module', async () => {
  expect(await map(['./typed.mts#describe'], 'four\n')).toMatchObject({ code: 0, stdout: '{"length":4}\n' });
});

describe('the items', () => {
  const items = async (format: string, input: string | Buffer) => {
    const { code, stdout, stderr } = await map([
      './tasks.js#echo',
      '--format',
      format,
      '--input',
      write('input', input),
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return valuesOf(stdout);
  };

  test('lines end only with \\n or \\r\\n; the last line break is optional, and a byte order mark is removed', async () => {
    const text = '\uFEFFone\r\n\ntw\u2028o\rr\n thrée 🎉';
    expect(await items('lines', text)).toEqual(['one', '', 'tw\u2028o\rr', ' thrée 🎉']);
  });

  test('a line longer than one chunk stays whole', async () => {
    const long = 'é🎉'.repeat(100_000);
    expect(await items('lines', `short\n${long}\nshort`)).toEqual(['short', long, 'short']);
  });

  test('ndjson gives values, and skips blank lines', async () => {
    const text = '{"a":[1,null]}\n\n  \r\n"text\u2028"\n-0.5\nnull\n';
    expect(await items('ndjson', text)).toEqual([{ a: [1, null] }, 'text\u2028', -0.5, null]);
  });

  test('csv gives rows keyed by the first row, with quotes and line breaks', async () => {
    const text = '\uFEFFname,note\r\n"Ann","says ""hi"",\nand goes"\r\nBob,\r\n';
    expect(await items('csv', text)).toEqual([
      { name: 'Ann', note: 'says "hi",\nand goes' },
      { name: 'Bob', note: '' },
    ]);
  });
});

test('csv skips blank lines and accepts mixed line breaks', async () => {
  const input = write('mixed.csv', 'a,b\r\n1,"x\r\ny"\n\n2,z\r\n\r\n3,\n\n');
  const { code, stdout } = await map(['./tasks.js#echo', '--format', 'csv', '--unordered', '--input', input]);
  expect(code).toBe(0);
  expect(valuesOf(stdout)).toEqual([
    { index: 0, value: { a: '1', b: 'x\r\ny' } },
    { index: 1, value: { a: '2', b: 'z' } },
    { index: 2, value: { a: '3', b: '' } },
  ]);
});

describe('--input', () => {
  test('takes files, globs in name order, and - for stdin', async () => {
    write('b.txt', 'b');
    write('a.txt', 'a1\na2');
    const first = write('z.first', 'z\n');
    const args = ['./tasks.js#echo', '--input', first, '-', '--input', join(folder, '*.txt')];
    expect(await map(args, 'from stdin')).toEqual({
      code: 0,
      stdout: '"z"\n"from stdin"\n"a1"\n"a2"\n"b"\n',
      stderr: '',
    });
  });

  test('reads the column names of each CSV file from its own first row', async () => {
    write('1.csv', 'a,b\n1,2\n');
    write('2.csv', 'b,a\n2,1\n');
    const { stdout } = await map(['./tasks.js#echo', '--format', 'csv', '--input', join(folder, '?.csv')]);
    expect(valuesOf(stdout)).toEqual([
      { a: '1', b: '2' },
      { a: '1', b: '2' },
    ]);
  });
});

test('writes results as JSON.stringify does, and null where that gives nothing', async () => {
  const values = {
    undefined: 'null',
    'a function': 'null',
    'not a number': 'null',
    'a date': '"1970-01-01T00:00:00.000Z"',
    'a buffer': '{"type":"Buffer","data":[97,98]}',
    'a map': '{}',
    'an instance': '{"price":"2.5 €"}',
    'line breaks': '"one\\ntwo\u2028three"',
  };
  const { code, stdout } = await map(['./tasks.js#giveValue'], Object.keys(values).join('\n'));
  expect({ code, lines: stdout.trimEnd().split('\n') }).toEqual({ code: 0, lines: Object.values(values) });
});

test('a result that cannot be written as JSON fails its item with that reason', async () => {
  const args = ['./tasks.js#giveValue', '--on-error', 'report', '--error-file', join(folder, 'errors')];
  expect(await map(args, 'a bigint\na cycle\n')).toMatchObject({ code: 1, stdout: '' });
  const errors = valuesOf(readFileSync(join(folder, 'errors'), 'utf8')) as { error: Error }[];
  expect(errors.map(({ error }) => error.message)).toEqual([
    expect.stringMatching(/^the result cannot be written as JSON: Do not know how to serialize a BigInt/),
    expect.stringMatching(/^the result cannot be written as JSON: Converting circular structure/),
  ]);
});

test('the output of a task goes to stderr', async () => {
  expect(await map(['./tasks.js#print'], 'a\n')).toEqual({ code: 0, stdout: '"a"\n', stderr: 'printed a\n' });
});

describe('pool options', () => {
  test('--processes, --concurrency, --max-tasks-per-child', async () => {
    const pids = async (...args: string[]) => {
      const { stdout } = await map(['./tasks.js#getPid', ...args], countTo(8));
      return new Set(valuesOf(stdout)).size;
    };
    expect(await pids()).toBe(1);
    expect(await pids('--concurrency', '1', '--max-tasks-per-child', '3')).toBe(3);
  });

  test('--initializer and --initargs, --max-memory-per-child', async () => {
    const initializer = ['--initializer', './tasks.js#initialize', '--initargs', '[10, 5]'];
    const args = ['./tasks.js#add', ...initializer, '--max-memory-per-child', '2GiB'];
    expect(await map(args, countTo(2))).toEqual({ code: 0, stdout: '16\n17\n', stderr: '' });
  });

  test('--start-timeout: an initializer that takes longer ends the run', async () => {
    const args = ['./tasks.js#add', '--initializer', './tasks.js#neverInitialize', '--start-timeout', '1s'];
    const { code, stderr } = await map(args, '1\n');
    expect(code).toBe(1);
    expect(stderr).toMatch(/1000 ms.*--start-timeout/s);
  });

  test('an initializer that fails ends the run', async () => {
    const { code, stdout, stderr } = await map(
      ['./tasks.js#add', '--initializer', './tasks.js#failToInitialize'],
      '1\n',
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/InitializerError[\s\S]*RangeError: no database/);
  });

  test('--retries', async () => {
    expect(await map(['./tasks.js#succeedLater', '--retries', '2'], 'a\n')).toMatchObject({ code: 0, stdout: '3\n' });
    expect(await map(['./tasks.js#succeedLater', '--retries', '1'], 'a\n')).toMatchObject({ code: 1, stdout: '' });
  });

  test('--timeout', async () => {
    const { code, stderr } = await map(['./tasks.js#sleepLong', '--timeout', '0.2s'], 'a\n');
    expect(code).toBe(1);
    expect(stderr).toMatch('task has run for more than 200 ms');
  });

  test('--require and --import', async () => {
    const args = ['./tasks.js#getPreloaded', '-r', './preload-require.cjs', '--import', './preload-import.mjs'];
    expect(await map(args, 'a\n')).toEqual({ code: 0, stdout: '["require","import"]\n', stderr: '' });
  });
});

test('--progress writes lines to a stderr that is not a terminal', async () => {
  const { code, stdout, stderr } = await map(['./tasks.js#double', '--progress'], countTo(5));
  expect({ code, stdout }).toEqual({ code: 0, stdout: '2\n4\n6\n8\n10\n' });
  expect(stderr).toMatch(/^double: 5\/5 \(100 %\)/);
});

test('--output replaces the content of a file', async () => {
  const output = write('output', 'something longer than the results');
  expect(await map(['./tasks.js#double', '--output', output], countTo(3))).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(readFileSync(output, 'utf8')).toBe('2\n4\n6\n');
});
