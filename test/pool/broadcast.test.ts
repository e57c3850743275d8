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

/** Kills all processes of the pool, and waits until it has noticed. */
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

test('broadcast() waits for processes that are being restarted', () =>
  Pool.using({ processes: 2 }, async (pool) => {
    await pool.ready();
    const before = pidsOf(pool);
    await killAll(pool);
    const pids = await pool.broadcast(pid);
    expect(new Set(pids).size).toBe(2);
    expect(pids.filter((child) => before.includes(child))).toEqual([]);
  }));

test('a call that a killed process has not started runs in its replacement, not twice in another process', () =>
  Pool.using({ processes: 2 }, async (pool) => {
    // Of the two, the one that was started last has not started yet.
    const [other, killed] = pidsOf(pool);
    const pids = pool.broadcast(pid);
    process.kill(killed as number, 'SIGKILL');
    expect(await pids).toEqual([other, expect.any(Number)]);
    expect(await pids).not.toContainEqual(killed);
    expect(new Set(await pids).size).toBe(2);
  }));

test('broadcasts that a killed process has not started run in its replacement', () =>
  withGate((gate) =>
    Pool.using({ processes: 2, childConcurrency: 1 }, async (pool) => {
      // Imports the function first: before its import, its tasks have certainly not started.
      await pool.broadcast(pid);
      const blocked = pool.broadcast(waitAt, [gate.port]);
      await gate.arrived(2);
      const results = Array.from({ length: 300 }, () => pool.broadcast(pid));
      const settled = Promise.allSettled([blocked, ...results]);
      const [free, killed] = gate.arrivals as [number, number];
      gate.letOne();
      // The free process has now completed all its tasks.
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

test('broadcast() rejects if one of the processes cannot start', () =>
  withFile((file) =>
    Pool.using({ processes: 2, initializer: failUnlessFirst, initargs: [file], stdio: 'ignore' }, async (pool) => {
      await expect(pool.broadcast(pid)).rejects.toBeInstanceOf(InitializerError);
      expect(await pool.apply(double, [2])).toBe(4);
    }),
  ));

test('terminate() rejects a broadcast that waits for restarting processes', () =>
  Pool.using({ processes: 2 }, async (pool) => {
    await pool.ready();
    await killAll(pool);
    const result = pool.broadcast(pid);
    pool.terminate();
    await expect(result).rejects.toBeInstanceOf(PoolTerminatedError);
  }));

test('broadcasts count towards maxTasksPerChild', () =>
  Pool.using({ processes: 1, maxTasksPerChild: 1 }, async (pool) => {
    const pids = await Promise.all([pool.broadcast(pid), pool.broadcast(pid), pool.apply(pid)]);
    expect(new Set(pids.flat()).size).toBe(3);
  }));

test('broadcast() starts no process that was stopped as idle or never started', () =>
  Pool.using({ processes: 2, minProcesses: 0, idleTimeout: 50 }, async (pool) => {
    expect(await pool.broadcast(pid)).toEqual([]);
    const child = await pool.apply(pid);
    expect(await findSurvivors([child])).toEqual([]);
    expect(await pool.broadcast(pid)).toEqual([]);
  }));
