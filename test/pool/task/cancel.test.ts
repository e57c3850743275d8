import { setImmediate } from 'node:timers/promises';
import { Pool, ProcessExitError } from 'aiomultiprocess';
import { failIfOdd, runForever } from '../../fixtures/pool/failing.js';
import { waitAt } from '../../fixtures/pool/gate.js';
import { note, readNotes, readReasons, waitForAbort, waitForAbortAt } from '../../fixtures/pool/limited.js';
import { double, pid, spin } from '../../fixtures/pool/tasks.js';
import { isRunning } from '../../support/alive.ts';
import { withGate } from '../../support/gate.ts';
import { until } from '../../support/until.ts';

test('a call whose signal has already aborted rejects without starting a task', () =>
  Pool.using({ processes: 1 }, async (pool) => {
    const reason = new Error('not now');
    await expect(pool.apply(note, [1], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const result = pool.map(note, [2, 3], { signal: AbortSignal.abort(reason) });
    await expect(result).rejects.toBe(reason);
    expect(await pool.apply(readNotes)).toEqual([]);
  }));

test('aborting a call rejects it with the reason and aborts the signal of its running task', () =>
  withGate((gate) =>
    Pool.using({ processes: 1 }, async (pool) => {
      const controller = new AbortController();
      const call = pool.apply(waitForAbort, [gate.port], { signal: controller.signal });
      await gate.arrived(1);
      const [before] = await pool.broadcast(pid);
      const reason = new Error('enough');
      controller.abort(reason);
      await expect(call).rejects.toBe(reason);
      expect(await pool.apply(readReasons)).toEqual(['AbortError']);
      expect(await pool.broadcast(pid)).toEqual([before]);
    }),
  ));

test('a task that is cancelled while it is queued never starts', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, childConcurrency: 1 }, async (pool) => {
      const running = pool.apply(waitAt, [gate.port]);
      await gate.arrived(1);
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = [1, 2, 3].map((number) => pool.apply(note, [number], { signal }));
      const kept = pool.apply(note, [4]);
      expect(pool.stats().queued).toBe(4);
      controller.abort();
      for (const call of waiting) await expect(call).rejects.toThrow('aborted');
      expect(pool.stats().queued).toBe(1);
      gate.open();
      await Promise.all([running, kept]);
      expect(await pool.apply(readNotes)).toEqual([4]);
    }),
  ));

test('a process is replaced when its cancelled task outlives the grace period', () =>
  Pool.using({ processes: 1, cancelGracePeriod: 50 }, async (pool) => {
    const controller = new AbortController();
    const [stubborn] = await pool.broadcast(pid);
    const call = pool.apply(runForever, [], { signal: controller.signal });
    const beside = pool.apply(runForever);
    await pool.apply(double, [1]);
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    const error = (await beside.catch((error: unknown) => error)) as ProcessExitError;
    expect(error).toBeInstanceOf(ProcessExitError);
    expect(error.cause).toMatchObject({ message: 'runForever was cancelled and has not ended within 50 ms' });
    expect(await pool.broadcast(pid)).not.toEqual([stubborn]);
    expect(isRunning(stubborn as number)).toBe(false);
  }));

test('a task that began while its cancellation was on its way is not left running', () =>
  Pool.using({ processes: 1, cancelGracePeriod: 50 }, async (pool) => {
    await pool.apply(failIfOdd, [2]);
    const exits: unknown[] = [];
    pool.on('processExited', ({ reason }) => exits.push(reason));
    const controller = new AbortController();
    const call = pool.apply(runForever, [], { signal: controller.signal });
    await setImmediate();
    // Meanwhile the process begins the task, and this one does not read that it does.
    spin(500);
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    await until(() => exits.length > 0);
    expect(exits).toEqual(['cancelled']);
  }));

test('cancelling a map aborts only its own running tasks', () =>
  withGate((gate) =>
    Pool.using({ processes: 2 }, async (pool) => {
      const result = pool.map(waitForAbort, [gate.port, gate.port]);
      const other = pool.apply(waitAt, [gate.port]);
      await gate.arrived(3);
      result.cancel(new Error('enough'));
      await expect(result).rejects.toThrow('enough');
      expect((await pool.broadcast(readReasons)).flat()).toEqual(['AbortError', 'AbortError']);
      gate.open();
      expect(gate.arrivals).toContain(await other);
    }),
  ));

test('leaving a loop over a map aborts its running tasks', () =>
  withGate((gate) =>
    Pool.using({ processes: 1 }, async (pool) => {
      for await (const value of pool.map(waitForAbortAt, [0, gate.port, gate.port])) {
        expect(value).toBe('at once');
        await gate.arrived(2);
        break;
      }
      expect(await pool.apply(readReasons)).toEqual(['AbortError', 'AbortError']);
    }),
  ));

test('broadcast() waits until a cancelled task ends or its process is replaced', () =>
  Pool.using({ processes: 1, cancelGracePeriod: 100 }, async (pool) => {
    const [stubborn] = await pool.broadcast(pid);
    const controller = new AbortController();
    const call = pool.apply(runForever, [], { signal: controller.signal });
    await pool.apply(double, [1]);
    controller.abort();
    await expect(call).rejects.toThrow('aborted');
    expect(await pool.broadcast(pid)).not.toEqual([stubborn]);
  }));

test('a signal cancels a pending map and has no effect on settled calls', () =>
  withGate((gate) =>
    Pool.using({ processes: 1 }, async (pool) => {
      const late = new AbortController();
      expect(await pool.map(double, [1, 2], { signal: late.signal })).toEqual([2, 4]);
      expect(await pool.apply(double, [3], { signal: late.signal })).toBe(6);
      late.abort();
      const controller = new AbortController();
      const result = pool.map(waitForAbort, [gate.port], { signal: controller.signal });
      await gate.arrived(1);
      controller.abort(new Error('enough'));
      await expect(result).rejects.toThrow('enough');
      expect(await pool.apply(readReasons)).toEqual(['AbortError']);
    }),
  ));
