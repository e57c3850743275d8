import { TimeoutError } from 'aiomultiprocess';
import { nameClass, QuotaError, reportFunction } from '../fixtures/pool/errors.js';
import { createPool } from '../support/pool.ts';

const pool = createPool({ processes: 1 });

test('an error of the package is an instance of the class that the module of a task imports', async () => {
  // The first argument is read before the module is loaded.
  expect(await pool.apply(nameClass, [new TimeoutError('late')])).toBe('TimeoutError');
  expect(await pool.apply(nameClass, [new TimeoutError('late')])).toBe('TimeoutError');
  expect(await pool.apply(reportFunction)).toBe(true);
});

test('an error arrives with the class that a module of the child has registered', async () => {
  await pool.apply(nameClass, [undefined]);
  expect(await pool.apply(nameClass, [new QuotaError('full')])).toBe('QuotaError');
});
