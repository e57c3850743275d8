import { Pool, ProcessExitError, TaskTimeoutError } from 'aiomultiprocess';
import { runForever } from '../../fixtures/pool/failing.js';
import { waitAt } from '../../fixtures/pool/gate.js';
import { readReasons, waitForAbort } from '../../fixtures/pool/limited.js';
import { double, pid, pidAfter, spin } from '../../fixtures/pool/tasks.js';
import { withGate } from '../../support/gate.ts';

test('a task that exceeds its time limit rejects with TaskTimeoutError, and its signal aborts', () =>
  withGate((gate) =>
    Pool.using({ processes: 1 }, async (pool) => {
      const [process] = await pool.broadcast(pid);
      const call = pool.apply(waitForAbort, [gate.port], { timeout: 100 });
      await expect(call).rejects.toBeInstanceOf(TaskTimeoutError);
      await expect(call).rejects.toMatchObject({ pid: process, timeout: 100 });
      await expect(call).rejects.toThrow(/^waitForAbort has run for more than 100 ms/);
      expect(await pool.apply(readReasons)).toEqual(['AbortError']);
      expect(await pool.broadcast(pid)).toEqual([process]);
    }),
  ));

test('a task that blocks its event loop times out, and its process is replaced', () =>
  Pool.using({ processes: 1, cancelGracePeriod: 50 }, async (pool) => {
    const [blocked] = await pool.broadcast(pid);
    await expect(pool.apply(spin, [60_000], { timeout: 100 })).rejects.toBeInstanceOf(TaskTimeoutError);
    expect(await pool.apply(pid)).not.toBe(blocked);
  }));

test('a task that ends within its time limit resolves, and its process keeps running', () =>
  Pool.using({ processes: 1, taskTimeout: 5000, cancelGracePeriod: 0 }, async (pool) => {
    const [before] = await pool.broadcast(pid);
    expect(await pool.map(double, [1, 2, 3], { timeout: 2000 })).toEqual([2, 4, 6]);
    expect(await pool.apply(pid)).toBe(before);
  }));

test('a time limit counts from the start of the task, not from the call', () =>
  Pool.using({ processes: 1, childConcurrency: 1 }, async (pool) => {
    const calls = Array.from({ length: 5 }, () => pool.apply(pidAfter, [150], { timeout: 600 }));
    expect(new Set(await Promise.all(calls)).size).toBe(1);
  }));

test('tasks that block their process are timed individually', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    const outcomes = await pool.map(spin, Array(16).fill(150), { timeout: 1500 }).settled();
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(16);
  }));

test('a time limit does not count while another task blocks the process', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    await pool.broadcast(pid);
    const calls = [pool.apply(spin, [2000]), pool.apply(double, [2], { timeout: 1000 })];
    expect((await Promise.all(calls))[1]).toBe(4);
  }));

test('tasks that have not started when a timeout kills their process run in its replacement', () =>
  Pool.using({ processes: 1, cancelGracePeriod: 0 }, async (pool) => {
    const [before] = await pool.broadcast(pid);
    const busy = pool.apply(spin, [60_000], { timeout: 500 });
    const behind = Array.from({ length: 10 }, () => pool.apply(pidAfter, [0], { timeout: 5000 }));
    await expect(busy).rejects.toBeInstanceOf(TaskTimeoutError);
    const pids = new Set(await Promise.all(behind));
    expect(pids.size).toBe(1);
    expect(pids).not.toContain(before);
  }));

test('cancelling a task that has not started does not kill its process', () =>
  Pool.using({ processes: 1, cancelGracePeriod: 1000 }, async (pool) => {
    const [before] = await pool.broadcast(pid);
    const controller = new AbortController();
    const busy = pool.apply(spin, [3000]);
    const behind = pool.apply(pidAfter, [0], { timeout: 60_000, signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    await expect(behind).rejects.toMatchObject({ name: 'AbortError' });
    expect(await busy).toBe(before);
    expect(await pool.apply(pid)).toBe(before);
  }));

test('the taskTimeout of the pool applies to calls without a timeout', () =>
  Pool.using({ processes: 1, taskTimeout: 100, cancelGracePeriod: 0 }, async (pool) => {
    await expect(pool.apply(runForever)).rejects.toMatchObject({ name: 'TaskTimeoutError', timeout: 100 });
    await expect(pool.map(runForever, [0]).settled()).resolves.toMatchObject([
      { status: 'rejected', reason: { name: 'TaskTimeoutError' } },
    ]);
  }));

test('tasks that share a process killed by a timeout reject with ProcessExitError', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, cancelGracePeriod: 0 }, async (pool) => {
      const beside = pool.apply(waitAt, [gate.port]);
      await gate.arrived(1);
      const limited = pool.apply(runForever, [], { timeout: 50 });
      await expect(limited).rejects.toBeInstanceOf(TaskTimeoutError);
      await expect(beside).rejects.toBeInstanceOf(ProcessExitError);
    }),
  ));

test('a task that times out is retried if its call allows', () =>
  withGate((gate) =>
    Pool.using({ processes: 1 }, async (pool) => {
      const call = pool.apply(waitForAbort, [gate.port], { timeout: 100, retries: 1 });
      await expect(call).rejects.toMatchObject({ name: 'TaskTimeoutError', cause: { name: 'TaskTimeoutError' } });
    }),
  ));
