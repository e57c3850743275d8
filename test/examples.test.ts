/** Every program of docs/examples, run as a reader runs it: node docs/examples/NAME.js */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { node, type Run } from './support/run.ts';

/** The programs that a test below has run. */
const tested = new Set<string>();

async function runExample(name: string, ...args: string[]): Promise<Run> {
  tested.add(`${name}.js`);
  return node([`docs/examples/${name}.js`, ...args]);
}

/** The output of a program that exits with code 0 and writes nothing to stderr. */
async function outputOf(name: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runExample(name, ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

test('map-in-order prints the doubled values in input order', async () => {
  expect(await outputOf('map-in-order')).toBe('2\n4\n6\n8\n10\n12\n14\n16\n18\n20\n');
});

test('apply-all waits for three different calls', async () => {
  const lines = (await outputOf('apply-all')).trimEnd().split('\n');
  expect(lines[0]).toMatch(/^this file has [1-9]\d lines$/);
  expect(lines.slice(1)).toEqual(['the sum of the numbers up to a million is 500000500000', 'Hello, world!']);
});

test('io-and-cpu runs its 30 tasks both ways', async () => {
  expect(await outputOf('io-and-cpu')).toMatch(/^one process: 30 tasks in \d+\.\d+ s\npool: 30 tasks in \d+\.\d+ s\n$/);
});

test('initializer gives every process one client, whose connections and timeout all of its tasks share', async () => {
  const [pages, connections, late] = (await outputOf('initializer')).split('\n');
  expect(pages).toBe('100 pages, the last is "page /99"');
  const count = Number(/^connections: (\d+),/.exec(connections ?? '')?.[1]);
  // Two processes worked, each with at most four sockets.
  expect(count).toBeGreaterThanOrEqual(2);
  expect(count).toBeLessThanOrEqual(8);
  expect(late).toBe('no answer from /never within 500 ms');
});

test('retry-failures retries only the failed items, until all succeed', async () => {
  const lines = (await outputOf('retry-failures')).trimEnd().split('\n');
  expect(lines.pop()).toBe('20 squares; 19 squared is 361');
  let open = 20;
  for (const [index, line] of lines.entries()) {
    const [, tasks, failed] = new RegExp(`^round ${index + 1}: (\\d+) tasks, (\\d+) failed$`).exec(line) ?? [];
    expect(Number(tasks)).toBe(open);
    open = Number(failed);
  }
  expect(open).toBe(0);
});

test('retry-library wraps a task that the child can still find', async () => {
  expect(await outputOf('retry-library')).toMatch(/^20 squares after \d+ attempts\n19 squared is 361\n$/);
});

test('progress-bar completes the bar', async () => {
  const { code, stdout, stderr } = await runExample('progress-bar');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '1000 tasks done\n' });
  expect(stderr).toContain('1000/1000');
});

test('observe shows the progress, and how its processes spent their time', async () => {
  const { code, stdout, stderr } = await runExample('observe');
  expect(code).toBe(0);
  expect(stderr).toMatch(/images: 75\/75 \(100 %\)/);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.pop()).toMatch(/^slowest: (readPage|resizeImage)\(\d+\)$/);
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['startUp', 'init', 'working', 'waiting', 'idle']);
});

test('dashboard prints the address of its page, and what it has done', async () => {
  const { code, stdout, stderr } = await runExample('dashboard');
  expect(code).toBe(0);
  expect(stderr).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
  expect(stdout).toMatch(/^[1-9]\d* tasks done, \d+ failed\n$/);
});

test('exception-handler reports the original errors from the children', async () => {
  const [failed, ...reports] = (await outputOf('exception-handler')).trimEnd().split('\n');
  expect(failed).toBe('2 orders failed');
  expect(reports.sort()).toEqual([
    'RangeError: out of stock, order 4, reported by a child',
    'RangeError: out of stock, order 8, reported by a child',
  ]);
});

test('image-pipeline changes six images and leaves the originals as they are', async () => {
  const lines = (await outputOf('image-pipeline')).trimEnd().split('\n');
  expect(lines.pop()).toBe('the first image is unchanged: true');
  expect(lines).toHaveLength(6);
  for (const line of lines) expect(line).toMatch(/^image \d: 2073600 pixels, 2\d\d shades$/);
});

test('lookup-table finds the numbers with the most divisors, in a table that is stored once', async () => {
  const lines = (await outputOf('lookup-table')).trimEnd().split('\n');
  expect(lines).toHaveLength(8);
  expect(lines[0]).toBe('498960 has 200 divisors');
  expect(lines[7]).toBe('3603600 has 360 divisors');
});

test('shared-queue gives every order to exactly one consumer', async () => {
  expect((await outputOf('shared-queue')).split('\n').sort()).toEqual(['', 'items: 300', 'orders: 300']);
});

describe('package-weight', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'package-weight-'));
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    write('light/index.js', 'export const one = 1;\n');
    write('@scope/heavy/index.js', '// heavy\n'.repeat(1_000));
    write('@scope/heavy/docs/notes.md', '# Notes\n');
    write('@scope/heavy/program.node', '0123456789');
    write('light/node_modules/nested/package.json', '{ "name": "nested" }');
    write('.package-lock.json', '{}');
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('weighs the text files of each package, the heaviest first, and says what the pool has gained', async () => {
    const { code, stdout, stderr } = await runExample('package-weight', folder);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^pool: 3\/3 \(100 %\)/m);
    const rows = stdout.split('\n').filter((line) => line.startsWith('│'));
    const cells = rows.slice(1).map((row) => row.split('│').map((cell) => cell.trim()));
    expect(cells.map(([, name, files, raw]) => [name, Number(files), Number(raw)])).toEqual([
      ['@scope/heavy', 2, 9_008],
      ['light', 1, 22],
      ['light/node_modules/nested', 1, 20],
    ]);
    for (const compressed of cells[0]?.slice(4, 6) ?? []) expect(Number(compressed)).toBeLessThan(200);
    expect(stdout).toMatch(
      /^3 packages, 4 files, 9,050 bytes\ncompressed: \d+ bytes with gzip, \d+ bytes with Brotli\n/m,
    );
    expect(stdout).toMatch(/^with the pool: \d+\.\d\d s\nin one process: \d+\.\d\d s\n/m);
    expect(stdout).toMatch(/\ngained: -?\d+\.\d\d s, the pool is \d+\.\d\d times as fast\nweights: equal\n$/);
  });
});

describe('census', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'census-'));
    writeFileSync(join(folder, 'one.js'), 'const one = 1;\nexport default one;\n');
    writeFileSync(join(folder, 'two.ts'), 'export const two: number = 2;\n');
    writeFileSync(join(folder, 'broken.js'), 'const = ;\n');
    writeFileSync(join(folder, 'notes.md'), '# Not counted\n');
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('counts the same with a pool and in one process, including failures', async () => {
    const output = await outputOf('census', folder);
    expect(rowOf(output, '.js')).toEqual([2, 3, expect.any(Number), 1]);
    expect(rowOf(output, '.ts')).toEqual([1, 2, expect.any(Number), 0]);
    expect(rowOf(output, 'all')).toEqual([3, 5, expect.any(Number), 1]);
    expect(output).not.toContain('.md');
    expect(output).toMatch(/with the pool: \d+\.\d\d s\nin one process: \d+\.\d\d s\nratio: \d+\.\d\d\n/);
    expect(output).toMatch(/totals: equal\n$/);
  });

  /** The files, lines, nodes and failures in the table row of an extension. */
  function rowOf(output: string, extension: string): number[] {
    const row = output.split('\n').find((line) => line.includes(` ${extension} `)) ?? '';
    return row.split('│').slice(2, 6).map(Number);
  }
});

test('every example has a test', () => {
  // Those in folders have tests in test/examples.
  const programs = readdirSync(new URL('../docs/examples/', import.meta.url)).filter((name) => name.endsWith('.js'));
  expect([...tested].sort()).toEqual(programs.sort());
});
