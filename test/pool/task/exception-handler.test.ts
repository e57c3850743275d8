import { Pool, registerError } from 'aiomultiprocess';
import { HttpError, throwHttpError, throwRangeError, throwValue } from '../../fixtures/pool/failing.js';
import { failingHandler, noteError, rejectingHandler } from '../../fixtures/pool/log.js';
import { double, identity, pid } from '../../fixtures/pool/tasks.js';
import { linesOf, withFile } from '../../support/folder.ts';

registerError(HttpError as unknown as abstract new () => Error);

test('an exported handler runs in the child with the original error', () =>
  withFile((file) =>
    Pool.using({ processes: 1, exceptionHandler: noteError, env: { TEST_LOG: file } }, async (pool) => {
      await expect(pool.apply(throwHttpError, [503])).rejects.toThrow('status 503');
      await expect(pool.apply(throwValue, ['text'])).rejects.toBe('text');
      await pool.apply(double, [1]);
      const child = await pool.apply(pid);
      expect(await linesOf(file)).toEqual([`${child} HttpError 503`, `${child} text`]);
    }),
  ));

test('a closure runs in the calling process, once per failure', async () => {
  const seen: unknown[] = [];
  await Pool.using({ processes: 2, exceptionHandler: (error) => seen.push(error) }, async (pool) => {
    const outcomes = await pool.map(throwHttpError, [500, 404]).settled();
    await pool.map(double, [1, 2]);
    const reasons = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason);
    expect(new Set(seen)).toEqual(new Set(reasons));
    expect(seen).toHaveLength(2);
    expect(seen.every((error) => error instanceof HttpError)).toBe(true);
  });
});

test.each<[string, (error: unknown) => unknown]>([
  ['an exported handler that throws', failingHandler],
  ['an exported handler that rejects', rejectingHandler],
  [
    'a closure that throws',
    () => {
      throw new Error('the closure failed');
    },
  ],
  [
    'a closure that rejects',
    async () => {
      throw new Error('the closure failed');
    },
  ],
])('%s affects neither the error of the task nor the pool', async (_what, exceptionHandler) => {
  await Pool.using({ processes: 1, exceptionHandler, stdio: 'ignore' }, async (pool) => {
    const child = await pool.apply(pid);
    await expect(pool.apply(throwRangeError, ['the original'])).rejects.toThrow(new RangeError('the original'));
    await expect(pool.map(throwRangeError, ['the original'])).rejects.toThrow(new RangeError('the original'));
    expect(await pool.apply(pid)).toBe(child);
  });
});

test('every failure emits taskError with the error that the caller gets', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    const seen: [error: unknown, info: object][] = [];
    pool.on('taskError', (error, info) => seen.push([error, info]));
    const child = await pool.apply(pid);
    const error = await pool.apply(throwRangeError, ['first']).catch((reason: unknown) => reason);
    const outcomes = await pool.map(throwHttpError, [500]).settled();
    await pool.apply(identity, [1]);
    expect(seen).toEqual([
      [error, { task: 'throwRangeError', id: expect.any(Number), args: ['first'], attempt: 1, pid: child }],
      [
        outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)[0],
        { task: 'throwHttpError', id: expect.any(Number), args: [500], attempt: 1, pid: child },
      ],
    ]);
    expect(seen[0]?.[0]).toBe(error);
  }));

test('once() listens for one event, and off() removes a listener', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    let [always, once] = [0, 0];
    const count = () => void always++;
    pool.on('taskError', count).once('taskError', () => void once++);
    await pool.map(throwRangeError, ['a', 'b']).settled();
    pool.off('taskError', count);
    await pool.map(throwRangeError, ['c']).settled();
    expect([always, once]).toEqual([2, 1]);
  }));
