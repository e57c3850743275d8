import { PoisonousTaskError, Pool, ProcessExitError, SerializationError } from 'aiomultiprocess';
import { returnFunction } from '../../fixtures/pool/failing.js';
import { waitAt } from '../../fixtures/pool/gate.js';
import { dieUntil, succeedAt } from '../../fixtures/pool/limited.js';
import { double } from '../../fixtures/pool/tasks.js';
import { withGate } from '../../support/gate.ts';
import { createPool } from '../../support/pool.ts';

const pool = createPool({ processes: 2 });

/** The messages of an error and of its causes. */
function messagesOf(error: unknown): string[] {
  return error instanceof Error ? [error.message, ...messagesOf(error.cause)] : [];
}

async function reasonOf(call: PromiseLike<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('a failed task is retried as often as its call allows, and knows its attempt number', async () => {
  expect(await pool.apply(succeedAt, [1], { retries: 2 })).toBe(1);
  expect(await pool.apply(succeedAt, [3], { retries: 2 })).toBe(3);
});

test('the cause chain of the last error ends with the errors of the earlier attempts', async () => {
  const error = await reasonOf(pool.apply(succeedAt, [9], { retries: 2 }));
  expect(error).toBeInstanceOf(RangeError);
  expect(messagesOf(error)).toEqual(['run 3', 'why run 3', 'run 2', 'why run 2', 'run 1', 'why run 1']);
});

test('a failed task is not retried by default', async () => {
  await expect(pool.apply(succeedAt, [2])).rejects.toThrow('run 1');
});

test('each item of a map has its own retries and keeps its position', async () => {
  expect(await pool.map(succeedAt, [1, 3, 2, 1], { retries: 2 })).toEqual([1, 3, 2, 1]);
  const outcomes = await pool.starmap(succeedAt, [[1], [3]], { retries: 1 }).settled();
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
});

test('the retries of the pool apply unless the call sets its own', () =>
  Pool.using({ processes: 1, retries: 1 }, async (pool) => {
    expect(await pool.apply(succeedAt, [2])).toBe(2);
    await expect(pool.apply(succeedAt, [2], { retries: 0 })).rejects.toThrow('run 1');
  }));

test('a task whose process dies is retried in another process', async () => {
  expect(await pool.apply(dieUntil, [2], { retries: 1 })).toBe(2);
});

test('a task that kills its process in every attempt rejects with PoisonousTaskError, and the pool keeps working', async () => {
  const error = (await reasonOf(pool.apply(dieUntil, [9], { retries: 2 }))) as PoisonousTaskError;
  expect(error).toBeInstanceOf(PoisonousTaskError);
  expect(error).toBeInstanceOf(ProcessExitError);
  expect(error).toMatchObject({ signal: 'SIGKILL', mayHaveStarted: true });
  expect(error.message).toMatch(/^dieUntil was run 3 times, and each time its process ended/);
  expect(messagesOf(error)).toHaveLength(3);
  expect(await pool.apply(double, [2])).toBe(4);
});

test('a task whose result cannot be sent is not retried', async () => {
  const error = await reasonOf(pool.apply(returnFunction, [], { retries: 5 }));
  expect(error).toBeInstanceOf(SerializationError);
  expect((error as Error).cause).toBeUndefined();
});

test('tasks that share a killed process are retried as well', () =>
  withGate((gate) =>
    Pool.using({ processes: 1 }, async (pool) => {
      const beside = pool.apply(waitAt, [gate.port], { retries: 1 });
      await gate.arrived(1);
      await expect(pool.apply(dieUntil, [9])).rejects.toBeInstanceOf(ProcessExitError);
      await gate.arrived(2);
      gate.open();
      expect(await beside).toBe(gate.arrivals[1]);
    }),
  ));

test('terminate() rejects a task that waits for its next attempt', async () => {
  const pool = new Pool({ processes: 1 });
  const failed = new Promise((resolve) => pool.once('taskError', resolve));
  const call = pool.apply(succeedAt, [99], { retries: 98 });
  const other = pool.apply(succeedAt, [2]);
  await failed;
  await expect(other).rejects.toThrow('run 1');
  pool.terminate();
  await expect(call).rejects.toThrow('pool was terminated');
  await pool.join();
});

test('join() waits for retried tasks', async () => {
  const pool = new Pool({ processes: 1 });
  const call = pool.apply(succeedAt, [3], { retries: 2 });
  pool.close();
  await pool.join();
  expect(await call).toBe(3);
});

test('broadcast() ignores the retries of the pool', () =>
  Pool.using({ processes: 1, retries: 3 }, async (pool) => {
    await expect(pool.broadcast(succeedAt, [2])).rejects.toThrow('run 1');
  }));
