import { currentTask, InvalidStateError, Worker } from 'aiomultiprocess';
import { describeTask, report, reportFunction } from '../fixtures/pool/current.js';
import { createPool } from '../support/pool.ts';

const pool = createPool({ processes: 2 });

test('each task has its own id and attempt, also after an await', async () => {
  const tasks = await pool.map(describeTask, Array(40));
  expect(new Set(tasks.map(({ id }) => id)).size).toBe(40);
  for (const { id, later, attempt, aborted } of tasks) {
    expect({ later, attempt, aborted }).toEqual({ later: id, attempt: 1, aborted: false });
  }
});

test('the reports of a task arrive in order, before its result', async () => {
  const seen: unknown[] = [];
  const onProgress = (value: unknown) => seen.push(value);
  seen.push(await pool.apply(report, [[1, { two: 2 }, undefined]], { onProgress }));
  expect(seen).toEqual([1, { two: 2 }, undefined, 'reported']);
});

test('in a map, a report has the index of its item', async () => {
  const seen: [unknown, number][] = [];
  await pool.map(report, [['a', 'b'], [], ['c']], { onProgress: (...given) => seen.push(given) });
  expect(seen.filter(([, index]) => index === 0)).toEqual([
    ['a', 0],
    ['b', 0],
  ]);
  expect(seen.filter(([, index]) => index !== 0)).toEqual([['c', 2]]);
});

test('a report without a callback is ignored', async () => {
  expect(await pool.apply(report, [[1, 2]])).toBe('reported');
});

test('a report that cannot be sent throws in the task', async () => {
  await expect(pool.apply(reportFunction)).rejects.toMatchObject({ name: 'SerializationError', path: 'progress.done' });
});

test('currentTask() throws outside of a task', async () => {
  expect(() => currentTask()).toThrow(InvalidStateError);
  await expect(new Worker({ target: describeTask })).rejects.toThrow('outside of a task of a pool');
});
