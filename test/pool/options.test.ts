import { Pool, type PoolOptions, setStartMethod } from 'aiomultiprocess';
import { exit } from '../fixtures/pool/failing.js';
import { leaveLoopTrace, noteError, readTraces } from '../fixtures/pool/log.js';
import { pid, pidFor } from '../fixtures/pool/tasks.js';

/** What a constructor throws. */
function errorOf(options: unknown): unknown {
  try {
    new Pool(options as PoolOptions).terminate();
  } catch (error) {
    return error;
  }
  return undefined;
}

test.each<[name: string, values: unknown[]]>([
  ['processes', [0, -1, Number.NaN, 1.5, Number.POSITIVE_INFINITY, '2', null, true]],
  ['childConcurrency', [0, -1, Number.NaN, 1.5, '2']],
  ['maxTasksPerChild', [-1, Number.NaN, 1.5, '2']],
  ['taskTimeout', [-1, Number.NaN, Number.POSITIVE_INFINITY, '2']],
  ['retries', [-1, 1.5, '2']],
  ['cancelGracePeriod', [-1, '2']],
  ['maxQueueSize', [0, 1.5, '2']],
  ['onFull', ['drop', true]],
  ['maxMemoryPerChild', [-1, '1 GB']],
  ['maxAge', [-1, 2 ** 31]],
  ['minProcesses', [-1, 1.5, 2]],
  ['idleTimeout', [-1, '2']],
  ['queueCount', [0, -1, Number.NaN, 0.5, '1']],
  ['initializer', ['init', {}]],
  ['initargs', ['text', 3, {}]],
  ['loopInitializer', ['init']],
  ['exceptionHandler', ['handler', 3]],
  ['scheduler', ['round-robin', {}, class {}]],
  ['env', ['A=1', 3, { A: 1 }]],
  ['cwd', [3, {}]],
  ['execArgv', ['--no-warnings', [3]]],
  ['stdio', ['paper', 1]],
  ['name', [3]],
  ['maxtasksperchild', [-1, '2']],
  ['childconcurrency', [0]],
  ['queuecount', [0]],
  ['exception_handler', [3]],
  ['loop_initializer', [3]],
])('a bad value of %s throws at construction and names the option', (name, values) => {
  for (const value of values) {
    const error = errorOf({ processes: 1, [name]: value });
    expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
    expect((error as Error).message).toContain(name);
    // More than the name: what it takes.
    expect((error as Error).message.length).toBeGreaterThan(name.length + 20);
  }
});

test.each(['proceses', 'maxTasks', 'toString', 'constructor', '__proto__x'])('an unknown option %s throws', (name) => {
  const error = errorOf({ [name]: 1 });
  expect(error).toBeInstanceOf(TypeError);
  expect((error as Error).message).toContain(name);
});

test.each([[null], [3], ['text']])('%p for the options throws', (options) => {
  expect(errorOf(options)).toBeInstanceOf(TypeError);
});

test.each([{ queueCount: 9 }, { queuecount: 9 }])('more queues than processes are an error', (options) => {
  expect(() => new Pool({ processes: 4, ...options })).toThrow(new RangeError('queue count must be <= process count'));
  expect(errorOf({ processes: 4, ...options })).toBeInstanceOf(RangeError);
});

test('an option that is undefined has its default', () =>
  Pool.using({ processes: 1, maxTasksPerChild: undefined, scheduler: undefined } as object, async (pool) => {
    expect(await pool.apply(pid)).toBe(pool.stats().processes[0]?.pid);
  }));

test('errors call a pool by its name', () =>
  Pool.using({ processes: 1, name: 'importers' }, async (pool) => {
    await expect(pool.apply(exit, [3])).rejects.toThrow(/^importers: /);
  }));

test("the original's spellings mean the same", () =>
  Pool.using(
    {
      processes: 2,
      maxtasksperchild: 2,
      childconcurrency: 1,
      queuecount: 2,
      loop_initializer: leaveLoopTrace,
      exception_handler: noteError,
    },
    async (pool) => {
      expect(await pool.apply(readTraces)).toEqual(['loop']);
      expect(new Set(await pool.map(pidFor, [1, 2, 3, 4, 5, 6])).size).toBeGreaterThanOrEqual(3);
    },
  ));

test('an initializer that no process can find is an error at construction', () => {
  const factor = 2;
  expect(() => new Pool({ processes: 1, initializer: () => factor })).toThrow(/initializer/);
});

test('spawn is the one start method, and the error for others says why', () => {
  setStartMethod();
  setStartMethod('spawn');
  for (const method of ['fork', 'forkserver', 3]) {
    expect(() => setStartMethod(method as 'spawn')).toThrow(/spawn/);
  }
});

test('an option of a call that is unknown or wrong is an error, and names what takes it', async () => {
  await Pool.using({ processes: 1 }, async (pool) => {
    const wrong = [{ onprogress() {} }, { onProgress: 3 }, 'fast'] as unknown as { onProgress(): void }[];
    for (const options of wrong) {
      await expect(pool.apply(pid, [], options)).rejects.toThrow(
        /^apply: (there is no option "onprogress"|option|expected)/,
      );
      expect(() => pool.map(pidFor, [1], options)).toThrow(/^map: /);
      expect(() => pool.starmap(pidFor, [[1]], options)).toThrow(/^starmap: /);
    }
    await expect(pool.broadcast(pid, 'x' as never)).rejects.toThrow(/^broadcast: expected an array/);
  });
});
