import {
  InitializerError,
  Pool,
  type PoolOptions,
  ProcessExitError,
  ProtocolError,
  registerError,
  SerializationError,
  TaskNotFoundError,
  tasksFrom,
} from 'aiomultiprocess';
import {
  closePipe,
  exit,
  HttpError,
  killSelf,
  returnFunction,
  settleTwice,
  strayException,
  strayRejection,
  throwAggregate,
  throwFrozen,
  throwHttpError,
  throwNow,
  throwRangeError,
  throwUnsendable,
  throwValue,
  writeGarbage,
} from '../fixtures/pool/failing.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { dieOnce, failOnce, failToStart, failUnlessFirst } from '../fixtures/pool/log.js';
import { double, identity, pid, pidFor } from '../fixtures/pool/tasks.js';
import { isRunning } from '../support/alive.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { withGate } from '../support/gate.ts';
import { createPool } from '../support/pool.ts';

/** What a promise rejects with. */
async function reasonOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not reject');
}

describe('what goes wrong in a task leaves the pool intact', () => {
  const pool = createPool({ processes: 2, stdio: 'ignore' });
  afterEach(async () => {
    expect(await pool.map(double, [1, 2, 3])).toEqual([2, 4, 6]);
    expect(pool.stats()).toMatchObject({ queued: 0, running: 0 });
  });

  test('an error arrives with its class, message and own properties', async () => {
    const error = await reasonOf(pool.apply(throwRangeError, ['too far']));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ name: 'RangeError', message: 'too far', code: 'E_RANGE' });
    expect(await reasonOf(pool.apply(throwNow))).toBeInstanceOf(SyntaxError);
  });

  test('an error of an unknown class arrives as an Error, a registered one as itself', async () => {
    const unknown = (await reasonOf(pool.apply(throwHttpError, [404]))) as Error & { status: number };
    expect(unknown.constructor).toBe(Error);
    expect(unknown).toMatchObject({ name: 'HttpError', status: 404, message: 'status 404' });
    registerError(HttpError as unknown as abstract new () => Error);
    const known = await reasonOf(pool.apply(throwHttpError, [404]));
    expect(known).toBeInstanceOf(HttpError);
    expect((known as Error).cause).toBeInstanceOf(TypeError);
    expect(known).toMatchObject({ status: 404, cause: expect.objectContaining({ message: 'fetch failed' }) });
  });

  test('an AggregateError has its errors', async () => {
    const error = (await reasonOf(pool.apply(throwAggregate))) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors).toEqual([expect.objectContaining({ name: 'TypeError', message: 'one' }), 'two']);
  });

  test.each([[undefined], ['text'], [null], [{ code: 1 }]])('%p thrown arrives as it is', async (value) => {
    expect(await reasonOf(pool.apply(throwValue, [value]))).toEqual(value);
    expect(await reasonOf(pool.map(throwValue, [value]))).toEqual(value);
  });

  test('a frozen error arrives', async () => {
    const error = await reasonOf(pool.apply(throwFrozen));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toBe('frozen');
  });

  test('an error that cannot be sent rejects all the same', async () => {
    const error = (await reasonOf(pool.apply(throwUnsendable))) as Error;
    expect(error).toBeInstanceOf(Error);
    expect(`${error.message} ${error.cause}`).toMatch(/callback|with a function/);
  });

  test('an argument that cannot be sent fails its own task and names its path', async () => {
    const good = pool.apply(identity, [1]);
    const bad = pool.apply(identity, [{ user: { callback: () => {} } }]);
    const another = pool.apply(identity, [2]);
    const error = await reasonOf(bad);
    expect(error).toBeInstanceOf(SerializationError);
    expect(error).toMatchObject({ path: 'args[0].user.callback' });
    expect(await Promise.all([good, another])).toEqual([1, 2]);
    const outcomes = await pool.map(identity, [1, Symbol('two'), 3]).settled();
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('a result that cannot be sent fails its own task and names its path', async () => {
    const [bad, good] = await Promise.allSettled([pool.apply(returnFunction), pool.apply(identity, [1])]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { path: 'result.user.callback' } });
    expect(bad.status === 'rejected' && bad.reason).toBeInstanceOf(SerializationError);
    expect(good).toEqual({ status: 'fulfilled', value: 1 });
  });

  test('a thenable that settles more than once is taken at its first word', async () => {
    const before = await pool.broadcast(pid);
    expect(await pool.map(settleTwice, [1, 2, 3])).toEqual(['first', 'first', 'first']);
    expect(await pool.broadcast(pid)).toEqual(before);
  });

  test('a lambda, a bound function and a built-in are errors at once', async () => {
    const factor = 3;
    const bound = double.bind(null);
    for (const fn of [(value: number) => value * factor, bound, Math.sqrt]) {
      expect(await reasonOf(pool.apply(fn, [1]))).toBeInstanceOf(TaskNotFoundError);
      expect(() => pool.map(fn, [1])).toThrow(TaskNotFoundError);
    }
  });

  test('a module that is gone and an export that is missing are errors that name them', async () => {
    const gone = tasksFrom<{ work(): number }>(new URL('../fixtures/pool/gone.js', import.meta.url));
    expect(String(await reasonOf(pool.apply(gone.work)))).toContain('gone.js');
    const missing = tasksFrom<{ work(): number }>(new URL('../fixtures/pool/tasks.js', import.meta.url));
    const error = await reasonOf(pool.apply(missing.work));
    expect(error).toBeInstanceOf(TaskNotFoundError);
    expect(String(error)).toMatch(/work.*tasks\.js|tasks\.js.*work/s);
  });

  test.each([
    ['exits', () => pool.apply(exit, [3]), { exitCode: 3, signal: null }],
    ['exits as if all were well', () => pool.apply(exit, [0]), { exitCode: 0, signal: null }],
    ['kills its process', () => pool.apply(killSelf, ['SIGKILL']), { exitCode: null, signal: 'SIGKILL' }],
    ['ends by another signal', () => pool.apply(killSelf, ['SIGUSR2']), { exitCode: null, signal: 'SIGUSR2' }],
  ] as const)('a task that %s rejects with ProcessExitError', async (_what, run, expected) => {
    const error = await reasonOf(run());
    expect(error).toBeInstanceOf(ProcessExitError);
    expect(error).toMatchObject({ ...expected, pid: expect.any(Number), mayHaveStarted: true });
    expect(isRunning((error as ProcessExitError).pid as number)).toBe(false);
  });

  test.each([
    ['rejection', strayRejection],
    ['exception', strayException],
  ])('a stray %s ends its process, and the error says so', async (what, fn) => {
    const error = (await reasonOf(pool.apply(fn))) as ProcessExitError;
    expect(error).toBeInstanceOf(ProcessExitError);
    expect(`${error.message} ${error.cause}`).toContain(`a stray ${what}`);
  });

  test('bytes that are no message end the process that wrote them, and the error says so', async () => {
    const error = await reasonOf(pool.apply(writeGarbage));
    expect(error).toBeInstanceOf(ProcessExitError);
    expect((error as Error).cause).toBeInstanceOf(ProtocolError);
  });

  test('a process without its pipe is ended, though it would go on', async () => {
    const error = await reasonOf(pool.apply(closePipe));
    expect(error).toBeInstanceOf(ProcessExitError);
    expect(isRunning((error as ProcessExitError).pid as number)).toBe(false);
  });

  test('tasks that all kill their process are all rejected', async () => {
    const outcomes = await pool.map(killSelf, ['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL']).settled();
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.constructor)).toEqual(
      outcomes.map(() => ProcessExitError),
    );
  });

  test('idle processes that are killed are replaced', async () => {
    const before = await pool.broadcast(pid);
    for (const child of before) process.kill(child, 'SIGKILL');
    const after = await pool
      .broadcast(pid)
      .catch(() => pool.broadcast(pid))
      .catch(() => pool.broadcast(pid));
    expect(after.filter((child) => before.includes(child))).toEqual([]);
  });
});

test('a killed process takes its running tasks with it, and those that have not started move on', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, childConcurrency: 2 }, async (pool) => {
      const [one, two] = [pool.apply(waitAt, [gate.port]), pool.apply(waitAt, [gate.port])];
      await gate.arrived(2);
      const waiting = pool.map(
        pidFor,
        Array.from({ length: 300 }, (_, index) => index),
      );
      const settled = waiting.settled();
      process.kill(gate.arrivals[0] as number, 'SIGKILL');
      for (const task of [one, two]) {
        expect(await reasonOf(task)).toMatchObject({ pid: gate.arrivals[0], signal: 'SIGKILL', mayHaveStarted: true });
      }
      const outcomes = await settled;
      const lost = outcomes.filter(({ status }) => status === 'rejected');
      // Both slots were taken, so at most what was sent ahead is uncertain.
      expect(lost.length).toBeLessThanOrEqual(64);
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') expect(outcome.value).not.toBe(gate.arrivals[0]);
        else expect(outcome.reason).toMatchObject({ name: 'ProcessExitError', mayHaveStarted: true });
      }
    }),
  ));

test('a killed process does not touch the tasks of another', () =>
  withGate((gate) =>
    Pool.using({ processes: 2, childConcurrency: 1 }, async (pool) => {
      const tasks = [pool.apply(waitAt, [gate.port]), pool.apply(waitAt, [gate.port])];
      await gate.arrived(2);
      process.kill(gate.arrivals[0] as number, 'SIGKILL');
      const lost = await Promise.race(tasks.map((task) => reasonOf(task)));
      expect(lost).toMatchObject({ name: 'ProcessExitError', pid: gate.arrivals[0] });
      gate.open();
      const outcomes = await Promise.allSettled(tasks);
      expect(outcomes).toContainEqual({ status: 'fulfilled', value: gate.arrivals[1] });
    }),
  ));

describe('an initializer that fails', () => {
  test('rejects everything after three attempts, with its error as the cause', () =>
    withFile((file) =>
      Pool.using({ processes: 1, initializer: failToStart, initargs: [file], stdio: 'ignore' }, async (pool) => {
        const results = [pool.ready(), pool.apply(double, [1]), pool.map(double, [1, 2]), pool.broadcast(pid)];
        for (const outcome of await Promise.allSettled(results)) {
          expect(outcome.status).toBe('rejected');
          const { reason } = outcome as PromiseRejectedResult;
          expect(reason).toBeInstanceOf(InitializerError);
          expect(reason.cause).toBeInstanceOf(RangeError);
          expect(reason.cause.message).toBe('no connection');
        }
        expect(await linesOf(file)).toHaveLength(3);
      }),
    ));

  test('does not leave a later call pending', () =>
    withFile((file) =>
      Pool.using({ processes: 2, initializer: failToStart, initargs: [file], stdio: 'ignore' }, async (pool) => {
        await expect(pool.ready()).rejects.toBeInstanceOf(InitializerError);
        await expect(pool.apply(double, [1])).rejects.toBeInstanceOf(InitializerError);
        expect((await linesOf(file)).length).toBeLessThanOrEqual(12);
      }),
    ));

  test('does not leave close and join pending', () =>
    withFile(async (file) => {
      const pool = new Pool({ processes: 2, initializer: failToStart, initargs: [file], stdio: 'ignore' });
      const result = pool.apply(double, [1]);
      pool.close();
      await expect(result).rejects.toBeInstanceOf(InitializerError);
      await pool.join();
    }));

  test('once only is tried again', () =>
    withFile((file) =>
      Pool.using({ processes: 1, initializer: failOnce, initargs: [file], stdio: 'ignore' }, async (pool) => {
        expect(await pool.apply(double, [1])).toBe(2);
        await pool.ready();
        expect(await linesOf(file)).toHaveLength(2);
      }),
    ));

  test('leaves no task pending that waits to run again', () =>
    withFile((file) =>
      Pool.using({ processes: 1, initializer: failUnlessFirst, initargs: [file], stdio: 'ignore' }, async (pool) => {
        const failing = reasonOf(pool.apply(throwRangeError, ['too far'], { retries: 9 }));
        await expect(pool.apply(killSelf, ['SIGKILL'])).rejects.toBeInstanceOf(ProcessExitError);
        expect(await failing).toBeInstanceOf(InitializerError);
      }),
    ));

  test('in the only process of a queue leaves no task of that queue pending', () =>
    withFile(async (file) => {
      const start: PoolOptions = { initializer: failUnlessFirst, initargs: [file], stdio: 'ignore' };
      await Pool.using({ ...start, processes: 2, queueCount: 2 }, async (pool) => {
        const outcomes = await Promise.allSettled([pool.apply(double, [1]), pool.apply(double, [2])]);
        const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
        expect(reasons).toEqual([expect.any(InitializerError)]);
      });
    }));

  test('by a signal is tried again', () =>
    withFile((file) =>
      Pool.using({ processes: 1, initializer: dieOnce, initargs: [file] }, async (pool) => {
        expect(await pool.apply(double, [1])).toBe(2);
        expect(await linesOf(file)).toHaveLength(2);
      }),
    ));
});

test('a loop initializer whose module is gone rejects with InitializerError', async () => {
  const gone = tasksFrom<{ init(): void }>(new URL('../fixtures/pool/gone.js', import.meta.url));
  await Pool.using({ processes: 1, loopInitializer: gone.init, stdio: 'ignore' }, async (pool) => {
    const error = (await reasonOf(pool.apply(double, [1]))) as InitializerError;
    expect(error).toBeInstanceOf(InitializerError);
    expect(`${error.message} ${error.cause}`).toContain('gone.js');
  });
});

test('a folder that is not there rejects with InitializerError, and is named', () =>
  Pool.using({ processes: 1, cwd: '/no/such/folder', stdio: 'ignore' }, async (pool) => {
    const error = (await reasonOf(pool.apply(double, [1]))) as InitializerError;
    expect(error).toBeInstanceOf(InitializerError);
    expect(String(error.cause)).toContain('"cwd" option is invalid: /no/such/folder');
  }));

test('the stack of an error shows the function in the child, then the one that awaited it', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    async function awaitTask() {
      return await pool.apply(throwRangeError);
    }
    const { stack } = (await awaitTask().then(null, (error: unknown) => error)) as Error;
    expect(stack).toMatch(/at throwRangeError [\s\S]*at (async )?awaitTask /);
  }));
