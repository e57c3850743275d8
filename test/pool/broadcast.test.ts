import { InitializerError, Pool, PoolTerminatedError, ProcessExitError } from 'aiomultiprocess';
import { waitAt } from '../fixtures/pool/gate.js';
import { failUnlessFirst } from '../fixtures/pool/log.js';
import { double, identity, pid } from '../fixtures/pool/tasks.js';
import { findSurvivors } from '../support/alive.ts';
import { withFile } from '../support/folder.ts';
import { withGate } from '../support/gate.ts';

function pidsOf(pool: Pool): number[] {
  return pool.stats().processes.map(({ pid }) => pid as number);
}

/** Kills all processes of the pool, and waits until it knows. */
async function killAll(pool: Pool): Promise<void> {
  const pids = pidsOf(pool);
  const noticed = new Promise<void>((resolve) => {
    let left = pids.length;
    pool.on('processExited', () => {
      if (--left === 0) resolve();
    });
  });
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await noticed;
}

test('a place whose process is being started again is waited for', () =>
  Pool.using({ processes: 2 }, async (pool) => {
    await pool.ready();
    const before = pidsOf(pool);
    await killAll(pool);
    const pids = await pool.broadcast(pid);
    expect(new Set(pids).size).toBe(2);
    expect(pids.filter((child) => before.includes(child))).toEqual([]);
  }));

test('what a process cannot have started runs in the next one of its place, not twice in another', () =>
  Pool.using({ processes: 2 }, async (pool) => {
    const [killed, other] = pidsOf(pool);
    const pids = pool.broadcast(pid);
    process.kill(killed as number, 'SIGKILL');
    expect(await pids).toEqual([expect.any(Number), other]);
    expect(await pids).not.toContainEqual(killed);
    expect(new Set(await pids).size).toBe(2);
  }));

test('of many broadcasts those that a killed process has not begun run in the next one of its place', () =>
  withGate((gate) =>
    Pool.using({ processes: 2, childConcurrency: 1 }, async (pool) => {
      // Tasks of a function that is still to be imported have certainly not begun.
      await pool.broadcast(pid);
      const blocked = pool.broadcast(waitAt, [gate.port]);
      await gate.arrived(2);
      const results = Array.from({ length: 300 }, () => pool.broadcast(pid));
      const settled = Promise.allSettled([blocked, ...results]);
      const [free, killed] = gate.arrivals as [number, number];
      gate.letOne();
      // All that the free process was sent is done.
      await pool.apply(identity, [1]);
      process.kill(killed, 'SIGKILL');
      const outcomes = await settled;
      const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(lost).toHaveLength(256);
      expect(lost.every(({ reason }) => reason instanceof ProcessExitError && reason.mayHaveStarted)).toBe(true);
      for (const result of results.slice(255)) {
        const pids = await result;
        expect(pids).toContain(free);
        expect(pids).not.toContain(killed);
        expect(new Set(pids).size).toBe(2);
      }
    }),
  ));

test('it rejects if the process of a place cannot be started', () =>
  withFile((file) =>
    Pool.using({ processes: 2, initializer: failUnlessFirst, initargs: [file], stdio: 'ignore' }, async (pool) => {
      await expect(pool.broadcast(pid)).rejects.toBeInstanceOf(InitializerError);
      expect(await pool.apply(double, [2])).toBe(4);
    }),
  ));

test('terminate rejects one that waits for processes to be started again', () =>
  Pool.using({ processes: 2 }, async (pool) => {
    await pool.ready();
    await killAll(pool);
    const result = pool.broadcast(pid);
    pool.terminate();
    await expect(result).rejects.toBeInstanceOf(PoolTerminatedError);
  }));

test('it leaves a pool whose processes may run no more tasks with new ones', () =>
  Pool.using({ processes: 1, maxTasksPerChild: 1 }, async (pool) => {
    const pids = await Promise.all([pool.broadcast(pid), pool.broadcast(pid), pool.apply(pid)]);
    expect(new Set(pids.flat()).size).toBe(3);
  }));

test('it starts no process that a pool with little to do has stopped, or never started', () =>
  Pool.using({ processes: 2, minProcesses: 0, idleTimeout: 50 }, async (pool) => {
    expect(await pool.broadcast(pid)).toEqual([]);
    const child = await pool.apply(pid);
    expect(await findSurvivors([child])).toEqual([]);
    expect(await pool.broadcast(pid)).toEqual([]);
  }));
