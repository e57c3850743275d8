import { Pool } from 'aiomultiprocess';
import { waitAt } from '../../fixtures/pool/gate.js';
import { double, keepMemory, pid } from '../../fixtures/pool/tasks.js';
import { findSurvivors, isRunning } from '../../support/alive.ts';
import { withGate } from '../../support/gate.ts';
import { until } from '../../support/until.ts';

/** Repeats a call until its value meets the condition. */
async function repeatUntil<T>(run: () => Promise<T>, isWanted: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await run();
    if (isWanted(value)) return value;
  }
}

const numbers = Array.from({ length: 500 }, (_, index) => index);

test('a process that exceeds maxMemoryPerChild is replaced, and no task is lost', () =>
  Pool.using({ processes: 1, maxMemoryPerChild: 200 * 1024 * 1024 }, async (pool) => {
    const large = await pool.apply(keepMemory, [20]);
    expect(await pool.apply(pid)).toBe(large);
    await pool.apply(keepMemory, [250]);
    await repeatUntil(
      () => pool.apply(pid),
      (process) => process !== large,
    );
    expect(await pool.map(double, numbers)).toEqual(numbers.map((number) => number * 2));
    expect(await findSurvivors([large])).toEqual([]);
  }));

test('a process that reaches maxAge is replaced, and no task is lost', () =>
  Pool.using({ processes: 2, maxAge: 200 }, async (pool) => {
    const first = await pool.broadcast(pid);
    await repeatUntil(
      () => pool.map(double, numbers).then(() => pool.broadcast(pid)),
      (now) => now.every((process) => !first.includes(process)),
    );
    expect(await findSurvivors(first)).toEqual([]);
  }));

test('a replacement runs tasks before the old process ends', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, maxAge: 100 }, async (pool) => {
      const old = await pool.apply(pid);
      const running = pool.apply(waitAt, [gate.port]);
      await gate.arrived(1);
      // The old process still runs a task when its replacement takes over.
      await repeatUntil(
        () => pool.apply(pid),
        (process) => process !== old,
      );
      const states = pool.stats().processes.map(({ pid, state }) => [pid, state]);
      expect(states).toContainEqual([old, 'draining']);
      gate.open();
      expect(await running).toBe(old);
    }),
  ));

test('a pool starts with minProcesses, grows under load and shrinks when idle', () =>
  withGate((gate) =>
    Pool.using({ processes: 3, minProcesses: 1, idleTimeout: 100 }, async (pool) => {
      await pool.ready();
      expect(pool.stats().processes).toHaveLength(1);
      const running = pool.map(waitAt, [gate.port, gate.port, gate.port]);
      await gate.arrived(3);
      expect(new Set(gate.arrivals).size).toBe(3);
      gate.open();
      await running;
      await until(() => gate.arrivals.filter(isRunning).length === 1);
      expect(pool.stats().processes.filter(({ state }) => state === 'ready')).toHaveLength(1);
      expect(await pool.map(double, [1, 2, 3])).toEqual([2, 4, 6]);
    }),
  ));

test('a pool with minProcesses: 0 has no process until its first call', async () => {
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

test('the constructor refuses limits that contradict each other', () => {
  expect(() => new Pool({ processes: 1, minProcesses: 2 })).toThrow(
    '"minProcesses": expected at most "processes", which is 1, got 2',
  );
  expect(() => new Pool({ processes: 4, queueCount: 2, minProcesses: 1 })).toThrow(
    '"minProcesses": expected at least "queueCount", which is 2, got 1',
  );
});
