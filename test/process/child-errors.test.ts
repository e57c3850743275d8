import { AiomultiprocessError, PoisonousTaskError, TimeoutError } from 'aiomultiprocess';
import {
  LateError,
  listClasses,
  nameClass,
  QuotaError,
  reportFunction,
  throwLarge,
  throwTimeout,
} from '../fixtures/pool/errors.js';
import { createPool } from '../support/pool.ts';
import { reasonOf } from '../support/reason.ts';

const pool = createPool({ processes: 1 });
const exit = { pid: 1, exitCode: 1, signal: null, mayHaveStarted: true };

test('an error of the package is an instance of the class that the module of a task imports', async () => {
  // The first argument is read before the module is loaded.
  expect(await pool.apply(nameClass, [new TimeoutError('late')])).toBe('TimeoutError');
  expect(await pool.apply(nameClass, [new TimeoutError('late')])).toBe('TimeoutError');
  expect(await pool.apply(reportFunction)).toBe('ERR_AIOMULTIPROCESS_SERIALIZATION');
});

test('it is an instance of all of its base classes there, and of no other', async () => {
  expect(await pool.apply(listClasses, [new TimeoutError('late')])).toEqual(['AiomultiprocessError', 'TimeoutError']);
  expect(await pool.apply(listClasses, [new PoisonousTaskError('a task', 2, exit)])).toEqual([
    'AiomultiprocessError',
    'ProcessExitError',
    'PoisonousTaskError',
  ]);
  expect(await pool.apply(listClasses, [new Error('another')])).toEqual([]);
});

test('one that a task throws arrives with its class and code', async () => {
  const own = await reasonOf(pool.apply(throwTimeout, ['own']));
  expect(own).toBeInstanceOf(TimeoutError);
  expect(own).toMatchObject({ name: 'TimeoutError', message: 'late', code: 'ERR_AIOMULTIPROCESS_TIMEOUT' });
  expect(Object.keys(own as object)).toEqual([]);
});

test('one of a subclass that is not registered arrives with the code of its base class', async () => {
  const late = await reasonOf(pool.apply(throwTimeout, ['subclass']));
  expect(late).toBeInstanceOf(AiomultiprocessError);
  expect(late).toBeInstanceOf(TimeoutError);
  expect(late).not.toBeInstanceOf(LateError);
  expect(late).toMatchObject({ message: 'too late', code: 'ERR_AIOMULTIPROCESS_TIMEOUT' });
});

test('one in an error beyond the size limit keeps its code', async () => {
  const { late } = (await reasonOf(pool.apply(throwLarge, [40]))) as { late: unknown };
  expect(late).toBeInstanceOf(TimeoutError);
  expect(late).toMatchObject({ message: 'late', code: 'ERR_AIOMULTIPROCESS_TIMEOUT' });
});

test('an error arrives with the class that a module of the child has registered', async () => {
  await pool.apply(nameClass, [undefined]);
  expect(await pool.apply(nameClass, [new QuotaError('full')])).toBe('QuotaError');
});
