/** Processes import modules before a task needs them. */
import {
  InitializerError,
  inline,
  Pool,
  PoolClosedError,
  type PoolOptions,
  PoolTerminatedError,
  ProcessExitError,
  TaskNotFoundError,
  TaskTimeoutError,
  tasksFrom,
} from 'aiomultiprocess';
import { double } from '../fixtures/pool/tasks.js';
import { linesOf, withFile } from '../support/folder.ts';
import { withGate } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

/** Handles: this process must not import the module. */
const noted = tasksFrom<typeof import('../fixtures/pool/noted-import.js')>(
  new URL('../fixtures/pool/noted-import.js', import.meta.url),
);

const pidsOf = (pool: Pool) => pool.stats().processes.map(({ pid }) => pid as number);

/** The processes that have begun to import the module. */
const importsIn = async (file: string) => (await linesOf(file)).map(Number);

/** Runs the body with a pool whose processes note the import in a file. */
function withPool(
  { way = '', ...options }: PoolOptions & { way?: string },
  body: (pool: Pool, file: string) => Promise<void>,
): Promise<void> {
  return withFile((file) =>
    Pool.using({ ...options, env: { IMPORT_LOG: file, IMPORT_WAY: way } }, (pool) => body(pool, file)),
  );
}

test('warm() imports the modules of functions in all processes', () =>
  withPool({ processes: 2 }, async (pool, file) => {
    await pool.ready();
    expect(await importsIn(file)).toEqual([]);
    await pool.warm(noted.pid, noted.waitAt, double);
    expect((await importsIn(file)).toSorted()).toEqual(pidsOf(pool).toSorted());
    await pool.broadcast(noted.pid);
    expect(await importsIn(file)).toHaveLength(2);
  }));

test('warm() waits for processes that are starting', () =>
  withPool({ processes: 2 }, async (pool, file) => {
    await pool.warm(noted.pid);
    expect((await importsIn(file)).toSorted()).toEqual(pidsOf(pool).toSorted());
  }));

test('warm() starts all processes of a pool that grows on demand', () =>
  withPool({ processes: 2, minProcesses: 0 }, async (pool, file) => {
    expect(pidsOf(pool)).toEqual([]);
    await pool.warm(noted.pid);
    expect(pidsOf(pool)).toHaveLength(2);
    expect((await importsIn(file)).toSorted()).toEqual(pidsOf(pool).toSorted());
  }));

test('a process that starts later imports them before it is ready', () =>
  withPool({ processes: 1 }, async (pool, file) => {
    await pool.warm(noted.pid);
    const [killed] = pidsOf(pool);
    process.kill(killed as number, 'SIGKILL');
    await until(() => pidsOf(pool).every((pid) => pid !== killed));
    await pool.ready();
    expect(await importsIn(file)).toEqual([killed, ...pidsOf(pool)]);
  }));

test('warm() waits for the replacement of a process that is killed meanwhile', () =>
  withPool({ processes: 1 }, async (pool, file) => {
    await pool.ready();
    const [killed] = pidsOf(pool);
    const warmed = pool.warm(noted.pid);
    process.kill(killed as number, 'SIGKILL');
    await warmed;
    const [replacement] = pidsOf(pool);
    expect(replacement).not.toBe(killed);
    expect(await importsIn(file)).toContain(replacement);
  }));

test('the successor of a process imports what its predecessor is working on before it takes over', () =>
  withPool({ processes: 1, childConcurrency: 1, maxTasksPerChild: 4 }, async (pool, file) => {
    await withGate(async (gate) => {
      await pool.apply(double, [1]);
      await pool.apply(double, [1]);
      // With its third task of four, its successor starts.
      const waiting = pool.apply(noted.waitAt, [gate.port]);
      await gate.arrived(1);
      const [first] = gate.arrivals;
      await until(async () => (await importsIn(file)).length === 2);
      // The successor does not take over before its import.
      expect((await importsIn(file))[0]).toBe(first);
      gate.open();
      expect(await waiting).toBe(first);
    });
  }));

test('warm() rejects with the error of an import, and the pool works', () =>
  withPool({ processes: 2, way: 'fail' }, async (pool) => {
    const error = await pool.warm(double, noted.pid).catch((reason) => reason);
    expect(error).toBeInstanceOf(TaskNotFoundError);
    expect(error.cause).toMatchObject({ name: 'RangeError', message: 'the import failed' });
    expect(await pool.map(double, [1, 2, 3])).toEqual([2, 4, 6]);
    const [killed] = pidsOf(pool);
    process.kill(killed as number, 'SIGKILL');
    await until(() => pidsOf(pool).every((pid) => pid !== killed));
    await pool.ready();
    expect(await pool.broadcast(double, [2])).toEqual([4, 4]);
  }));

test('warm() rejects if a module has no such function', () =>
  withPool({ processes: 1 }, async (pool) => {
    const { missing } = noted as unknown as { missing: () => void };
    await expect(pool.warm(missing)).rejects.toThrow(TaskNotFoundError);
  }));

test('warm() rejects if an import ends its process, and processes that start later do not repeat it', () =>
  withPool({ processes: 1, way: 'exit' }, async (pool, file) => {
    const error = await pool.warm(noted.pid).catch((reason) => reason);
    expect(error).toBeInstanceOf(ProcessExitError);
    expect(error.exitCode).toBe(3);
    const before = (await importsIn(file)).length;
    expect(await pool.apply(double, [1])).toBe(2);
    expect(await importsIn(file)).toHaveLength(before);
  }));

test.each([
  ['starting', false],
  ['ready', true],
])(
  'warm() rejects if the import in a %s process takes longer than startTimeout, and the pool works',
  (_which, isReady) =>
    withPool({ processes: 1, way: 'hang', startTimeout: 3000 }, async (pool) => {
      if (isReady) await pool.ready();
      const error = await pool.warm(noted.pid).catch((reason) => reason);
      expect(error).toBeInstanceOf(TaskTimeoutError);
      expect(error.message).toMatch(/^pid was not called: importing .*noted-import\.js takes more than 3000 ms/);
      expect(await pool.apply(double, [1])).toBe(2);
    }),
);

test('a module that could not be imported can be warmed again', () =>
  withPool({ processes: 1, way: 'exit' }, async (pool, file) => {
    await expect(pool.warm(noted.pid)).rejects.toThrow(ProcessExitError);
    const before = (await importsIn(file)).length;
    await expect(pool.warm(noted.pid)).rejects.toThrow(ProcessExitError);
    expect((await importsIn(file)).length).toBeGreaterThan(before);
  }));

test('warm() takes inline functions', () =>
  withPool({ processes: 1 }, async (pool) => {
    const triple = inline((value: number) => value * 3);
    await pool.warm(triple);
    expect(await pool.apply(triple, [2])).toBe(6);
  }));

test('warm() is not a task', () =>
  withPool({ processes: 1, maxTasksPerChild: 1 }, async (pool, file) => {
    await pool.warm(noted.pid);
    expect(pool.stats()).toMatchObject({ done: 0, failed: 0, queued: 0 });
    expect(await importsIn(file)).toEqual([await pool.apply(noted.pid)]);
  }));

test.each<[how: 'close' | 'terminate', error: new () => Error]>([
  ['close', PoolClosedError],
  ['terminate', PoolTerminatedError],
])('%s() rejects a warm() that waits for an import', (how, error) =>
  withPool({ processes: 1, way: 'hang' }, async (pool, file) => {
    const warmed = expect(pool.warm(noted.pid)).rejects.toThrow(error);
    await until(async () => (await importsIn(file)).length === 1);
    pool[how]();
    await warmed;
    await pool.join();
    await expect(pool.warm(noted.pid)).rejects.toThrow(PoolClosedError);
  }),
);

test('warm() rejects if no process can be started', () =>
  Pool.using({ processes: 1, cwd: '/no/such/folder' }, (pool) =>
    expect(pool.warm(double)).rejects.toThrow(InitializerError),
  ));

test('warm() refuses what is not a function', () =>
  Pool.using({ processes: 1 }, (pool) => expect(pool.warm('double' as never)).rejects.toThrow(TypeError)));

test('a program waits for warm()', async () => {
  expect(await runProgram('warmed.mjs')).toEqual({ code: 0, stdout: 'warm\n', stderr: '' });
});
