import { Pool, type PoolOptions, setStartMethod } from 'aiomultiprocess';
import { exit } from '../../fixtures/pool/failing.js';
import { leaveLoopTrace, noteError, readTraces } from '../../fixtures/pool/log.js';
import { pid, pidFor } from '../../fixtures/pool/tasks.js';

/** The error that the constructor throws. */
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
  ['compileCache', ['yes', 1, null]],
  ['name', [3]],
  ['maxtasksperchild', [-1, '2']],
  ['childconcurrency', [0]],
  ['queuecount', [0]],
  ['exception_handler', [3]],
  ['loop_initializer', [3]],
])('the constructor refuses invalid values of %s and names the option', (name, values) => {
  for (const value of values) {
    const error = errorOf({ processes: 1, [name]: value });
    expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
    expect((error as Error).message).toContain(name);
    // The message also says which values the option accepts.
    expect((error as Error).message.length).toBeGreaterThan(name.length + 20);
  }
});

test.each(['proceses', 'maxTasks', 'toString', 'constructor', '__proto__x'])(
  'the constructor refuses the unknown option %s',
  (name) => {
    const error = errorOf({ [name]: 1 });
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(name);
  },
);

test.each<[options: object, message: string]>([
  [{ processes: 0 }, 'Pool: option "processes": expected an integer from 1 to 32768, got 0'],
  [{ processes: 1e6 }, 'Pool: option "processes": expected an integer from 1 to 32768, got 1000000'],
  [
    { childconcurrency: '2' },
    'Pool: option "childconcurrency": expected an integer of at least 1, or `{ fixed: n }` with one, got "2"',
  ],
  [{ taskTimeout: -1 }, 'Pool: option "taskTimeout": expected milliseconds from 0 to 2147483647, got -1'],
  [{ finalizerTimeout: 0 }, 'Pool: option "finalizerTimeout": expected an integer from 1 to 3600000, got 0'],
  [{ onFull: 'drop' }, 'Pool: option "onFull": expected "reject" or "wait", got "drop"'],
  [{ stdio: ['pipe'] }, 'Pool: option "stdio": expected "inherit", "stderr" or "ignore", got an array'],
  [{ initializer: {} }, 'Pool: option "initializer": expected a function, got an object'],
  [{ name: () => 'a' }, 'Pool: option "name": expected a string, got a function'],
  [{ killTree: null }, 'Pool: option "killTree": expected true or false, got null'],
  [{ proceses: 2 }, 'Pool: unknown option "proceses"'],
  [[], 'Pool: expected an object with options, got an array'],
  [{ queueCount: 1, queuecount: 1 }, 'Pool: option "queueCount" is given twice: also as "queuecount"'],
  [{ queuecount: 1, queueCount: 1 }, 'Pool: option "queueCount" is given twice: also as "queuecount"'],
  [{ initargs: [1] }, 'Pool: option "initargs" has no effect without the option "initializer"'],
  [{ finalargs: [1] }, 'Pool: option "finalargs" has no effect without the option "finalizer"'],
])('the error for %j names the option, the accepted values and the given value', (options, message) => {
  expect(errorOf(options)).toEqual(new TypeError(message));
});

test.each([[null], [3], ['text']])('the constructor refuses %p as options', (options) => {
  expect(errorOf(options)).toBeInstanceOf(TypeError);
});

test.each([{ queueCount: 9 }, { queuecount: 9 }])('the constructor refuses more queues than processes', (options) => {
  expect(() => new Pool({ processes: 4, ...options })).toThrow(new RangeError('queue count must be <= process count'));
  expect(errorOf({ processes: 4, ...options })).toBeInstanceOf(RangeError);
});

test('an undefined option takes its default', () =>
  Pool.using({ processes: 1, maxTasksPerChild: undefined, scheduler: undefined } as object, async (pool) => {
    expect(await pool.apply(pid)).toBe(pool.stats().processes[0]?.pid);
  }));

test('errors start with the name of the pool', () =>
  Pool.using({ processes: 1, name: 'importers' }, async (pool) => {
    await expect(pool.apply(exit, [3])).rejects.toThrow(/^importers: /);
  }));

test("the option names of Python's aiomultiprocess are aliases", () =>
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

test('the constructor refuses an initializer that no module exports', () => {
  const factor = 2;
  expect(() => new Pool({ processes: 1, initializer: () => factor })).toThrow(/initializer/);
});

test('setStartMethod() accepts only spawn, and the error for other methods names it', () => {
  setStartMethod();
  setStartMethod('spawn');
  for (const method of ['fork', 'forkserver', 3]) {
    expect(() => setStartMethod(method as 'spawn')).toThrow(/spawn/);
  }
});

test('every method refuses unknown and invalid options, and the error names the method', async () => {
  await Pool.using({ processes: 1 }, async (pool) => {
    const wrong = [{ onprogress() {} }, { onProgress: 3 }, 'fast'] as unknown as { onProgress(): void }[];
    for (const options of wrong) {
      await expect(pool.apply(pid, [], options)).rejects.toThrow(
        /^apply: (unknown option "onprogress"|option|expected)/,
      );
      expect(() => pool.map(pidFor, [1], options)).toThrow(/^map: /);
      expect(() => pool.starmap(pidFor, [[1]], options)).toThrow(/^starmap: /);
    }
    await expect(pool.broadcast(pid, 'x' as never)).rejects.toThrow(
      'broadcast: expected an array of arguments, got "x"',
    );
    await expect(pool.apply(pid, null as never)).rejects.toThrow('apply: expected an array of arguments, got null');
    expect(() => pool.map(pidFor, null as never)).toThrow(/iterable of items, got null$/);
  });
});
