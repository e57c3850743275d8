/** The base class of all errors and their codes, through the calls that reject with them. */
import { readFileSync } from 'node:fs';
import * as exported from 'aiomultiprocess';
import { AiomultiprocessError, Manager, Pool, Process, registerError, Worker } from 'aiomultiprocess';
import { exit, runForever } from './fixtures/pool/failing.js';
import { identity, pid } from './fixtures/pool/tasks.js';
import { reasonOf } from './support/reason.ts';
import { root } from './support/run.ts';

type ErrorClass = abstract new (...args: never[]) => Error;

const classes = Object.entries<unknown>(exported).filter(
  (entry): entry is [string, ErrorClass] => typeof entry[1] === 'function' && entry[1].prototype instanceof Error,
);
const withCode = classes.filter(([name]) => name !== 'AiomultiprocessError');

/** \`TaskTimeoutError\` → \`ERR_AIOMULTIPROCESS_TASK_TIMEOUT\`. */
function codeFor(name: string): string {
  const words = name.replace(/Error$/, '').match(/[A-Z][a-z]*/g) ?? [];
  return ['ERR', 'AIOMULTIPROCESS', ...words].join('_').toUpperCase();
}

test('every error class has one base class, its own name and the code of that name', () => {
  expect(withCode.length).toBeGreaterThan(20);
  for (const [name, errorClass] of withCode) {
    expect(errorClass.prototype).toBeInstanceOf(AiomultiprocessError);
    expect(errorClass.prototype).toMatchObject({ name, code: codeFor(name) });
  }
});

describe('one catch tells the errors apart by their codes', () => {
  const using = (body: (pool: Pool) => Promise<unknown>) => Pool.using({ processes: 1 }, body);
  test.each<[code: string, call: () => Promise<unknown>]>([
    ['TASK_TIMEOUT', () => using((pool) => pool.apply(runForever, [], { timeout: 100 }))],
    ['TASK_NOT_FOUND', () => using((pool) => pool.apply(() => 1))],
    ['SERIALIZATION', () => using((pool) => pool.apply(identity, [() => {}]))],
    ['PROCESS_EXIT', () => using((pool) => pool.apply(exit, [3]))],
    ['POISONOUS_TASK', () => using((pool) => pool.apply(exit, [3], { retries: 1 }))],
    [
      'POOL_CLOSED',
      () =>
        using(async (pool) => {
          pool.close();
          await pool.apply(pid);
        }),
    ],
    [
      'POOL_TERMINATED',
      () =>
        using(async (pool) => {
          const call = pool.apply(runForever);
          pool.terminate();
          await call;
        }),
    ],
    ['INVALID_STATE', () => using((pool) => pool.join())],
    ['INITIALIZER', async () => new Worker({ target: pid, execPath: '/no/such/node' })],
    ['INVALID_STATE', () => new Process({ target: pid }).join()],
    ['QUEUE_EMPTY', () => Manager.using({}, (manager) => manager.queue().getNowait())],
    [
      'MANAGER_CLOSED',
      async () => {
        const manager = new Manager();
        const queue = manager.queue();
        await manager.close();
        await queue.get();
      },
    ],
  ])('%s', async (code, call) => {
    const error = await reasonOf(call());
    expect(error).toBeInstanceOf(AiomultiprocessError);
    expect(error).toMatchObject({ code: `ERR_AIOMULTIPROCESS_${code}` });
  });

  test('other errors are instances of no class of the package', async () => {
    const error = await reasonOf(using(async (pool) => pool.apply(identity, 'no list' as never)));
    expect(error).toBeInstanceOf(TypeError);
    expect(classes.filter(([, errorClass]) => error instanceof errorClass)).toEqual([]);
    for (const other of [null, undefined, 'text', Object.create(null)]) {
      expect(other).not.toBeInstanceOf(AiomultiprocessError);
    }
  });
});

test('a class of the program that extends one of the package has instances of its own only', () => {
  class LimitError extends exported.TimeoutError {}
  registerError(LimitError);
  expect(new LimitError('limit')).toBeInstanceOf(LimitError);
  expect(new LimitError('limit')).toBeInstanceOf(exported.TimeoutError);
  expect(new exported.TimeoutError('late')).not.toBeInstanceOf(LimitError);
});

test('docs/errors.md lists every class with its code, its meaning and what to do', () => {
  const page = readFileSync(`${root}docs/errors.md`, 'utf8');
  const rows = page.split('\n').filter((line) => /^\| `\w+Error` \| `ERR_/.test(line));
  const cells = rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const listed = cells.map(([name, code]) => `${name} ${code}`);
  expect(listed.toSorted()).toEqual(withCode.map(([name]) => `\`${name}\` \`${codeFor(name)}\``).toSorted());
  for (const row of cells)
    expect(row).toEqual([
      expect.anything(),
      expect.anything(),
      expect.stringMatching(/\w/),
      expect.stringMatching(/\w/),
    ]);
});
