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
} from '../../fixtures/pool/failing.js';
import { waitAt } from '../../fixtures/pool/gate.js';
import { dieOnce, failOnce, failToStart, failUnlessFirst } from '../../fixtures/pool/log.js';
import { double, identity, pid, pidFor } from '../../fixtures/pool/tasks.js';
import { isRunning } from '../../support/alive.ts';
import { linesOf, withFile } from '../../support/folder.ts';
import { withGate } from '../../support/gate.ts';
import { createPool } from '../../support/pool.ts';

/** The reason of a rejected promise. */
async function reasonOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not reject');
}

describe('a failing task leaves the pool intact', () => {
  const pool = createPool({ processes: 2, stdio: 'ignore' });
  afterEach(async () => {
    expect(await pool.map(double, [1, 2, 3])).toEqual([2, 4, 6]);
    expect(pool.stats()).toMatchObject({ queued: 0, running: 0 });
  });

  test('an error keeps its class, message and own properties', async () => {
    const error = await reasonOf(pool.apply(throwRangeError, ['too far']));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ name: 'RangeError', message: 'too far', code: 'E_RANGE' });
    expect(await reasonOf(pool.apply(throwNow))).toBeInstanceOf(SyntaxError);
  });

  test('an error of a registered class keeps its class, and any other arrives as an Error', async () => {
    const unknown = (await reasonOf(pool.apply(throwHttpError, [404]))) as Error & { status: number };
    expect(unknown.constructor).toBe(Error);
    expect(unknown).toMatchObject({ name: 'HttpError', status: 404, message: 'status 404' });
    registerError(HttpError as unknown as abstract new () => Error);
    const known = await reasonOf(pool.apply(throwHttpError, [404]));
    expect(known).toBeInstanceOf(HttpError);
    expect((known as Error).cause).toBeInstanceOf(TypeError);
    expect(known).toMatchObject({ status: 404, cause: expect.objectContaining({ message: 'fetch failed' }) });
  });

  test('an AggregateError keeps its errors', async () => {
    const error = (await reasonOf(pool.apply(throwAggregate))) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors).toEqual([expect.objectContaining({ name: 'TypeError', message: 'one' }), 'two']);
  });

  test.each([[undefined], ['text'], [null], [{ code: 1 }]])('a thrown %p arrives unchanged', async (value) => {
    expect(await reasonOf(pool.apply(throwValue, [value]))).toEqual(value);
    expect(await reasonOf(pool.map(throwValue, [value]))).toEqual(value);
  });

  test('a frozen error keeps its class and message', async () => {
    const error = await reasonOf(pool.apply(throwFrozen));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toBe('frozen');
  });

  test('an error that cannot be sent still rejects the call', async () => {
    const error = (await reasonOf(pool.apply(throwUnsendable))) as Error;
    expect(error).toBeInstanceOf(Error);
    expect(`${error.message} ${error.cause}`).toMatch(/callback|with a function/);
  });

  test('an argument that cannot be sent rejects only its own task, with the path in the error', async () => {
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

  test('a result that cannot be sent rejects only its own task, with the path in the error', async () => {
    const [bad, good] = await Promise.allSettled([pool.apply(returnFunction), pool.apply(identity, [1])]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { path: 'result.user.callback' } });
    expect(bad.status === 'rejected' && bad.reason).toBeInstanceOf(SerializationError);
    expect(good).toEqual({ status: 'fulfilled', value: 1 });
  });

  test('a thenable that settles more than once counts only the first time', async () => {
    const before = await pool.broadcast(pid);
    expect(await pool.map(settleTwice, [1, 2, 3])).toEqual(['first', 'first', 'first']);
    expect(await pool.broadcast(pid)).toEqual(before);
  });

  test('calling a closure, a bound function or a built-in fails with TaskNotFoundError', async () => {
    const factor = 3;
    const bound = double.bind(null);
    for (const fn of [(value: number) => value * factor, bound, Math.sqrt]) {
      expect(await reasonOf(pool.apply(fn, [1]))).toBeInstanceOf(TaskNotFoundError);
      expect(() => pool.map(fn, [1])).toThrow(TaskNotFoundError);
    }
  });

  test('the error for a missing module or a missing export names it', async () => {
    const gone = tasksFrom<{ work(): number }>(new URL('../../fixtures/pool/gone.js', import.meta.url));
    expect(String(await reasonOf(pool.apply(gone.work)))).toContain('gone.js');
    const missing = tasksFrom<{ work(): number }>(new URL('../../fixtures/pool/tasks.js', import.meta.url));
    const error = await reasonOf(pool.apply(missing.work));
    expect(error).toBeInstanceOf(TaskNotFoundError);
    expect(String(error)).toMatch(/work.*tasks\.js|tasks\.js.*work/s);
  });

  test.each([
    ['exits with code 3', () => pool.apply(exit, [3]), { exitCode: 3, signal: null }],
    ['exits with code 0', () => pool.apply(exit, [0]), { exitCode: 0, signal: null }],
    ['kills its process with SIGKILL', () => pool.apply(killSelf, ['SIGKILL']), { exitCode: null, signal: 'SIGKILL' }],
    ['kills its process with SIGUSR2', () => pool.apply(killSelf, ['SIGUSR2']), { exitCode: null, signal: 'SIGUSR2' }],
  ] as const)('a task that %s rejects with ProcessExitError', async (_what, run, expected) => {
    const error = await reasonOf(run());
    expect(error).toBeInstanceOf(ProcessExitError);
    expect(error).toMatchObject({ ...expected, pid: expect.any(Number), mayHaveStarted: true });
    expect(isRunning((error as ProcessExitError).pid as number)).toBe(false);
  });

  test.each([
    ['rejection', strayRejection],
    ['exception', strayException],
  ])('a stray %s ends its process, and the error of the task names it', async (what, fn) => {
    const error = (await reasonOf(pool.apply(fn))) as ProcessExitError;
    expect(error).toBeInstanceOf(ProcessExitError);
    expect(`${error.message} ${error.cause}`).toContain(`a stray ${what}`);
  });

  test('a process that writes invalid bytes to its pipe is ended, with a ProtocolError as the cause', async () => {
    const error = await reasonOf(pool.apply(writeGarbage));
    expect(error).toBeInstanceOf(ProcessExitError);
    expect((error as Error).cause).toBeInstanceOf(ProtocolError);
  });

  test('a process that closes its pipe is ended', async () => {
    const error = await reasonOf(pool.apply(closePipe));
    expect(error).toBeInstanceOf(ProcessExitError);
    expect(isRunning((error as ProcessExitError).pid as number)).toBe(false);
  });

  test('every task that kills its process rejects with ProcessExitError', async () => {
    const outcomes = await pool.map(killSelf, ['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL']).settled();
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.constructor)).toEqual(
      outcomes.map(() => ProcessExitError),
    );
  });

  test('killed idle processes are replaced', async () => {
    const before = await pool.broadcast(pid);
    for (const child of before) process.kill(child, 'SIGKILL');
    const after = await pool
      .broadcast(pid)
      .catch(() => pool.broadcast(pid))
      .catch(() => pool.broadcast(pid));
    expect(after.filter((child) => before.includes(child))).toEqual([]);
  });
});

test('running tasks of a killed process reject, and tasks that have not started run in another process', () =>
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
      // Both slots were taken, so at most the prefetched tasks may have started.
      expect(lost.length).toBeLessThanOrEqual(64);
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') expect(outcome.value).not.toBe(gate.arrivals[0]);
        else expect(outcome.reason).toMatchObject({ name: 'ProcessExitError', mayHaveStarted: true });
      }
    }),
  ));

test('a killed process does not affect the tasks of another process', () =>
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

describe('a failing initializer', () => {
  test('rejects all calls after three attempts, with its error as the cause', () =>
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

  test('rejects later calls', () =>
    withFile((file) =>
      Pool.using({ processes: 2, initializer: failToStart, initargs: [file], stdio: 'ignore' }, async (pool) => {
        await expect(pool.ready()).rejects.toBeInstanceOf(InitializerError);
        await expect(pool.apply(double, [1])).rejects.toBeInstanceOf(InitializerError);
        expect((await linesOf(file)).length).toBeLessThanOrEqual(12);
      }),
    ));

  test('does not block join()', () =>
    withFile(async (file) => {
      const pool = new Pool({ processes: 2, initializer: failToStart, initargs: [file], stdio: 'ignore' });
      const result = pool.apply(double, [1]);
      pool.close();
      await expect(result).rejects.toBeInstanceOf(InitializerError);
      await pool.join();
    }));

  test('is retried, and the pool works once it succeeds', () =>
    withFile((file) =>
      Pool.using({ processes: 1, initializer: failOnce, initargs: [file], stdio: 'ignore' }, async (pool) => {
        expect(await pool.apply(double, [1])).toBe(2);
        await pool.ready();
        expect(await linesOf(file)).toHaveLength(2);
      }),
    ));

  test('rejects a task that waits for its next attempt', () =>
    withFile((file) =>
      Pool.using({ processes: 1, initializer: failUnlessFirst, initargs: [file], stdio: 'ignore' }, async (pool) => {
        const failing = reasonOf(pool.apply(throwRangeError, ['too far'], { retries: 9 }));
        await expect(pool.apply(killSelf, ['SIGKILL'])).rejects.toBeInstanceOf(ProcessExitError);
        expect(await failing).toBeInstanceOf(InitializerError);
      }),
    ));

  test('rejects the tasks of a queue that has no other process', () =>
    withFile(async (file) => {
      const start: PoolOptions = { initializer: failUnlessFirst, initargs: [file], stdio: 'ignore' };
      await Pool.using({ ...start, processes: 2, queueCount: 2 }, async (pool) => {
        const outcomes = await Promise.allSettled([pool.apply(double, [1]), pool.apply(double, [2])]);
        const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
        expect(reasons).toEqual([expect.any(InitializerError)]);
      });
    }));

  test('is retried after a signal has killed its process', () =>
    withFile((file) =>
      Pool.using({ processes: 1, initializer: dieOnce, initargs: [file] }, async (pool) => {
        expect(await pool.apply(double, [1])).toBe(2);
        expect(await linesOf(file)).toHaveLength(2);
      }),
    ));
});

test('a loop initializer whose module is missing rejects calls with InitializerError', async () => {
  const gone = tasksFrom<{ init(): void }>(new URL('../../fixtures/pool/gone.js', import.meta.url));
  await Pool.using({ processes: 1, loopInitializer: gone.init, stdio: 'ignore' }, async (pool) => {
    const error = (await reasonOf(pool.apply(double, [1]))) as InitializerError;
    expect(error).toBeInstanceOf(InitializerError);
    expect(`${error.message} ${error.cause}`).toContain('gone.js');
  });
});

test('a missing working folder rejects calls with an InitializerError that names it', () =>
  Pool.using({ processes: 1, cwd: '/no/such/folder', stdio: 'ignore' }, async (pool) => {
    const error = (await reasonOf(pool.apply(double, [1]))) as InitializerError;
    expect(error).toBeInstanceOf(InitializerError);
    expect(String(error.cause)).toContain('"cwd" option is invalid: /no/such/folder');
  }));

test('the stack of an error shows the function in the child, then the awaiting function', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    async function awaitTask() {
      return await pool.apply(throwRangeError);
    }
    const { stack } = (await awaitTask().then(null, (error: unknown) => error)) as Error;
    expect(stack).toMatch(/at throwRangeError [\s\S]*at (async )?awaitTask /);
  }));
