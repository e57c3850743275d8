import { Pool } from 'aiomultiprocess';
import { waitAt } from '../fixtures/pool/gate.js';
import { double, keepMemory, pid } from '../fixtures/pool/tasks.js';
import { findSurvivors } from '../support/alive.ts';
import { withGate } from '../support/gate.ts';

/** Runs a task again and again until it gives what is wanted. */
async function until<T>(run: () => Promise<T>, isWanted: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await run();
    if (isWanted(value)) return value;
  }
}

const numbers = Array.from({ length: 500 }, (_, index) => index);

test('a process that has grown too large is replaced, and no task is lost', () =>
  Pool.using({ processes: 1, maxMemoryPerChild: 200 * 1024 * 1024 }, async (pool) => {
    const large = await pool.apply(keepMemory, [20]);
    expect(await pool.apply(pid)).toBe(large);
    await pool.apply(keepMemory, [250]);
    await until(
      () => pool.apply(pid),
      (process) => process !== large,
    );
    expect(await pool.map(double, numbers)).toEqual(numbers.map((number) => number * 2));
    expect(await findSurvivors([large])).toEqual([]);
  }));

test('a process that is old enough is replaced, and no task is lost', () =>
  Pool.using({ processes: 2, maxAge: 200 }, async (pool) => {
    const first = await pool.broadcast(pid);
    await until(
      () => pool.map(double, numbers).then(() => pool.broadcast(pid)),
      (now) => now.every((process) => !first.includes(process)),
    );
    expect(await findSurvivors(first)).toEqual([]);
  }));

test('the one that takes over is started first: there is always a process that runs tasks', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, maxAge: 100 }, async (pool) => {
      const old = await pool.apply(pid);
      const running = pool.apply(waitAt, [gate.port]);
      await gate.arrived(1);
      // The old process still has a task when the next one works.
      await until(
        () => pool.apply(pid),
        (process) => process !== old,
      );
      const states = pool.stats().processes.map(({ pid, state }) => [pid, state]);
      expect(states).toContainEqual([old, 'draining']);
      gate.open();
      expect(await running).toBe(old);
    }),
  ));

test('a pool starts with minProcesses, grows with its load and shrinks without', () =>
  withGate((gate) =>
    Pool.using({ processes: 3, minProcesses: 1, idleTimeout: 100 }, async (pool) => {
      await pool.ready();
      expect(pool.stats().processes).toHaveLength(1);
      const running = pool.map(waitAt, [gate.port, gate.port, gate.port]);
      await gate.arrived(3);
      expect(new Set(gate.arrivals).size).toBe(3);
      gate.open();
      await running;
      expect(await findSurvivors(gate.arrivals.slice(1))).toHaveLength(0);
      expect(pool.stats().processes.filter(({ state }) => state === 'ready')).toHaveLength(1);
      expect(await pool.map(double, [1, 2, 3])).toEqual([2, 4, 6]);
    }),
  ));

test('a pool may have no process until there is something to do', async () => {
  const unused = new Pool({ processes: 2, minProcesses: 0 });
  expect(unused.stats().processes).toHaveLength(0);
  unused.close();
  await unused.join();
  await Pool.using({ processes: 2, minProcesses: 0, idleTimeout: 50 }, async (pool) => {
    const first = await pool.apply(pid);
    expect(await findSurvivors([first])).toEqual([]);
    expect(pool.stats().processes.filter(({ state }) => state === 'ready')).toHaveLength(0);
    expect(await pool.apply(pid)).not.toBe(first);
  });
});

test('limits that contradict one another are errors', () => {
  expect(() => new Pool({ processes: 1, minProcesses: 2 })).toThrow('"minProcesses" must be <= "processes"');
  expect(() => new Pool({ processes: 4, queueCount: 2, minProcesses: 1 })).toThrow('must be >= "queueCount"');
});
