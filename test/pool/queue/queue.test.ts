import { Pool, QueueFullError } from 'aiomultiprocess';
import { waitAt } from '../../fixtures/pool/gate.js';
import { note, readNotes } from '../../fixtures/pool/limited.js';
import { double } from '../../fixtures/pool/tasks.js';
import { withGate } from '../../support/gate.ts';

test('tasks run by priority, and in call order within a priority', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, childConcurrency: 1 }, async (pool) => {
      const running = pool.apply(waitAt, [gate.port]);
      await gate.arrived(1);
      const priorities = [0, 5, -1, 5, 0, 2];
      const calls = priorities.map((priority, index) => pool.apply(note, [index], { priority }));
      const map = pool.map(note, [10, 11], { priority: 3 });
      const last = pool.map(note, [20], { priority: -2 });
      gate.open();
      await Promise.all([running, ...calls, map, last]);
      expect(await pool.apply(readNotes)).toEqual([1, 3, 10, 11, 5, 0, 4, 2, 20]);
    }),
  ));

test('apply() beyond maxQueueSize rejects, and drain is emitted once the queue is empty', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, childConcurrency: 1, maxQueueSize: 2 }, async (pool) => {
      const running = pool.apply(waitAt, [gate.port]);
      await gate.arrived(1);
      const waiting = [pool.apply(double, [1]), pool.apply(double, [2])];
      await expect(pool.apply(double, [3])).rejects.toBeInstanceOf(QueueFullError);
      let drained = false;
      const drain = new Promise<void>((resolve) =>
        pool.once('drain', () => {
          drained = true;
          resolve();
        }),
      );
      expect(drained).toBe(false);
      gate.open();
      await drain;
      expect(pool.stats().queued).toBe(0);
      expect(await Promise.all([...waiting, pool.apply(double, [4])])).toEqual([2, 4, 8]);
      await running;
    }),
  ));

test('free slots are filled before the queue counts as full', () =>
  Pool.using({ processes: 1, maxQueueSize: 1 }, async (pool) => {
    await pool.ready();
    expect(await Promise.all([1, 2, 3, 4].map((number) => pool.apply(double, [number])))).toEqual([2, 4, 6, 8]);
  }));

test("apply() beyond maxQueueSize waits with onFull: 'wait'", () =>
  withGate((gate) =>
    Pool.using({ processes: 1, childConcurrency: 1, maxQueueSize: 1, onFull: 'wait' }, async (pool) => {
      const running = pool.apply(waitAt, [gate.port]);
      await gate.arrived(1);
      const waiting = [1, 2, 3].map((number) => pool.apply(double, [number]));
      gate.open();
      expect(await Promise.all(waiting)).toEqual([2, 4, 6]);
      await running;
    }),
  ));

test('maxQueueSize does not limit a map', () =>
  Pool.using({ processes: 1, childConcurrency: 1, maxQueueSize: 1 }, async (pool) => {
    expect(await pool.map(double, [1, 2, 3, 4, 5])).toEqual([2, 4, 6, 8, 10]);
  }));
