import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import {
  InitializerError,
  InvalidStateError,
  ProcessExitError,
  SerializationError,
  TaskNotFoundError,
  TimeoutError,
  tasksFrom,
  Worker,
} from 'aiomultiprocess';
import {
  exit,
  killSelf,
  returnFunction,
  strayRejection,
  throwRangeError,
  throwValue,
} from '../fixtures/pool/failing.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { failToStart, leaveLoopTrace, leaveTrace, readTraces } from '../fixtures/pool/log.js';
import { add, double, doubleInPool, identity, surroundings } from '../fixtures/pool/tasks.js';
import { withFile } from '../support/folder.ts';
import { withGate } from '../support/gate.ts';

test('await, join and result return the value of the target', async () => {
  const worker = new Worker({ target: add, args: [1, 2] });
  expect(await worker).toBe(3);
  expect(await worker.join()).toBe(3);
  expect(await worker).toBe(3);
  expect(worker.result).toBe(3);
  expect(worker.exitcode).toBe(0);
});

test('result throws before the end', () =>
  withGate(async (gate) => {
    const worker = new Worker({ target: waitAt, args: [gate.port] });
    expect(() => worker.result).toThrow(new InvalidStateError('coroutine not completed'));
    worker.start();
    await gate.arrived(1);
    expect(() => worker.result).toThrow(InvalidStateError);
    gate.open();
    await worker;
    expect(worker.result).toBe(worker.pid);
  }));

test('join before start rejects', async () => {
  await expect(new Worker({ target: add, args: [1, 2] }).join()).rejects.toThrow(
    'must start process before joining it',
  );
});

test('a join that timed out can be repeated', () =>
  withGate(async (gate) => {
    const worker = new Worker({ target: waitAt, args: [gate.port] });
    worker.start();
    await expect(worker.join(1)).rejects.toBeInstanceOf(TimeoutError);
    gate.open();
    expect(await worker.join()).toBe(worker.pid);
  }));

test('the target can use a pool of its own', async () => {
  expect(await new Worker({ target: doubleInPool, args: [[1, 2]] })).toEqual([2, 4]);
});

test('values keep their types', async () => {
  const value = { map: new Map([[{ a: 1 }, new Set([1n])]]), date: new Date(0), bytes: new Uint8Array(70_000).fill(7) };
  expect(await new Worker({ target: identity, args: [value] })).toEqual(value);
});

test('a large result arrives completely', async () => {
  const text = 'x'.repeat(3_000_000);
  expect((await new Worker({ target: identity, args: [text] })) === text).toBe(true);
});

test('a target that throws rejects with its error', async () => {
  const worker = new Worker({ target: throwRangeError, args: ['too far'] });
  const error: unknown = await worker.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({ message: 'too far', code: 'E_RANGE' });
  expect((error as Error).stack).toContain('failing.js');
});

test.each([[undefined], ['text'], [null], [0]])('a target that throws %p rejects with that value', async (value) => {
  const reason: unknown = await new Worker({ target: throwValue, args: [value] }).then(
    () => 'resolved',
    (thrown) => thrown,
  );
  expect(reason).toBe(value);
});

test('a killed worker rejects with ProcessExitError', () =>
  withGate(async (gate) => {
    const worker = new Worker({ target: waitAt, args: [gate.port] });
    worker.start();
    await gate.arrived(1);
    worker.kill();
    const { pid } = worker;
    await expect(worker).rejects.toBeInstanceOf(ProcessExitError);
    await expect(worker).rejects.toMatchObject({ pid, exitCode: null, signal: 'SIGKILL', mayHaveStarted: true });
    expect(worker.exitcode).toBe(-9);
  }));

test.each([
  ['exits', exit, [7], { exitCode: 7, signal: null }],
  ['exits with 0', exit, [0], { exitCode: 0, signal: null }],
  ['kills itself', killSelf, ['SIGTERM'], { exitCode: null, signal: 'SIGTERM' }],
] as const)('a target that %s rejects with ProcessExitError', async (_how, target, args, expected) => {
  const worker = new Worker({ target: target as (...given: unknown[]) => unknown, args: [...args] });
  await expect(worker).rejects.toBeInstanceOf(ProcessExitError);
  await expect(worker).rejects.toMatchObject(expected);
});

test('an unhandled rejection ends the worker and is the cause of the error', async () => {
  const worker = new Worker({ target: strayRejection, stdio: 'ignore' });
  const error = (await worker.then(
    () => undefined,
    (reason) => reason,
  )) as ProcessExitError;
  expect(error).toBeInstanceOf(ProcessExitError);
  expect(`${error.message} ${error.cause}`).toContain('a stray rejection');
});

test('a function that no process can find is refused', async () => {
  const factor = 2;
  const run = async () => new Worker({ target: (value: number) => value * factor, args: [1] });
  await expect(run()).rejects.toBeInstanceOf(TaskNotFoundError);
});

test('a missing module rejects without delay', async () => {
  const gone = tasksFrom<{ work(): number }>(new URL('../fixtures/pool/gone.js', import.meta.url));
  await expect(new Worker({ target: gone.work })).rejects.toThrow(/gone\.js/);
});

test('the loop initializer runs first, then the initializer, then the target', async () => {
  const worker = new Worker({
    target: readTraces,
    loopInitializer: leaveLoopTrace,
    initializer: leaveTrace,
    initargs: ['initialised'],
  });
  expect(await worker).toEqual(['loop', 'initialised']);
});

test('an initializer that throws is an InitializerError with its cause', () =>
  withFile(async (file) => {
    const worker = new Worker({ target: double, args: [1], initializer: failToStart, initargs: [file] });
    await expect(worker).rejects.toBeInstanceOf(InitializerError);
    await expect(worker).rejects.toMatchObject({ cause: expect.objectContaining({ message: 'no connection' }) });
  }));

test('a missing folder is an InitializerError with its cause', async () => {
  const worker = new Worker({ target: double, args: [1], cwd: '/no/such/folder' });
  await expect(worker).rejects.toBeInstanceOf(InitializerError);
  await expect(worker).rejects.toMatchObject({ cause: { cause: { code: 'ENOENT' } } });
  expect(worker.exitcode).toBe(1);
});

test('environment, folder and options of Node.js reach the child', async () => {
  const { TEST_COLOR } = process.env;
  const worker = new Worker({
    target: surroundings,
    env: { TEST_COLOR: 'green' },
    cwd: tmpdir(),
    execArgv: ['--no-warnings'],
  });
  const { cwd, color, path, execArgv } = await worker;
  expect(cwd).toBe(await realpath(tmpdir()));
  expect(color).toBe('green');
  expect(path).toBe(process.env.PATH);
  expect(execArgv).toEqual(['--no-warnings']);
  expect(process.env.TEST_COLOR).toBe(TEST_COLOR);
});

test('a result that cannot be sent is a SerializationError with its path', async () => {
  const failure = await new Worker({ target: returnFunction }).then(null, (error: unknown) => error);
  expect(failure).toBeInstanceOf(SerializationError);
  expect(failure).toMatchObject({ path: 'result.user.callback' });
});

test('the error of an argument that cannot be sent has its path as the caller sees it', async () => {
  const failure = await new Worker({ target: identity, args: [{ callback() {} }] }).then(
    null,
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ name: 'SerializationError', path: 'args[0].callback' });
});
