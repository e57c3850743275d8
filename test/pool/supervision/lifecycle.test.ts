import { InvalidStateError, Pool, PoolClosedError, PoolTerminatedError } from 'aiomultiprocess';
import { leaveBusyLoop, throwRangeError } from '../../fixtures/pool/failing.js';
import { waitAt } from '../../fixtures/pool/gate.js';
import { add, double, pid, spin } from '../../fixtures/pool/tasks.js';
import { isRunning } from '../../support/alive.ts';
import { withGate } from '../../support/gate.ts';

const closed = new PoolClosedError();

test('a closed pool refuses calls', async () => {
  const pool = new Pool({ processes: 1 });
  pool.close();
  await expect(pool.apply(double, [1])).rejects.toThrow(closed);
  await expect(pool.apply(double, [1])).rejects.toBeInstanceOf(PoolClosedError);
  expect(() => pool.map(double, [1])).toThrow(closed);
  expect(() => pool.starmap(add, [[1, 2]])).toThrow(closed);
  await expect(pool.broadcast(pid)).rejects.toThrow(closed);
  await pool.join();
  await expect(pool.apply(double, [1])).rejects.toThrow('pool is closed');
});

test('join() of an open pool rejects', async () => {
  const pool = new Pool({ processes: 1 });
  await expect(pool.join()).rejects.toThrow(new InvalidStateError('pool is still open'));
  expect(await pool.apply(double, [1])).toBe(2);
  pool.close();
  await pool.join();
});

test('join() after close() completes all earlier calls and ends the processes', () =>
  withGate(async (gate) => {
    const pool = new Pool({ processes: 2, childConcurrency: 2 });
    const waiting = pool.map(
      waitAt,
      Array.from({ length: 10 }, () => gate.port),
    );
    const streamed = pool.map(double, [1, 2, 3].values());
    const single = pool.apply(double, [5]);
    await gate.arrived(1);
    pool.close();
    const joined = pool.join();
    gate.open();
    await joined;
    expect(await waiting).toHaveLength(10);
    expect(await streamed).toEqual([2, 4, 6]);
    expect(await single).toBe(10);
    expect([...new Set(gate.arrivals)].filter(isRunning)).toEqual([]);
  }));

test('close() right after calls loses none of them', async () => {
  const pool = new Pool({ processes: 2 });
  const results = Promise.all([pool.map(double, [1, 2]), pool.apply(add, [1, 2]), pool.starmap(add, [[1, 1]])]);
  pool.close();
  await pool.join();
  expect(await results).toEqual([[2, 4], 3, [2]]);
});

test('an unused pool can be closed and joined more than once', async () => {
  const pool = new Pool({ processes: 2 });
  pool.close();
  pool.close();
  await Promise.all([pool.join(), pool.join()]);
  await pool.join();
  pool.terminate();
  await pool.join();
  expect(pool.stats()).toMatchObject({ queued: 0, running: 0 });
});

test('terminate() rejects all pending calls and ends the processes', () =>
  withGate(async (gate) => {
    const pool = new Pool({ processes: 2, childConcurrency: 1 });
    const results = [
      pool.map(
        waitAt,
        Array.from({ length: 20 }, () => gate.port),
      ),
      pool.apply(waitAt, [gate.port]),
      pool.map(double, [1, 2].values()),
      pool.broadcast(waitAt, [gate.port]),
    ];
    await gate.arrived(2);
    pool.terminate();
    const outcomes = await Promise.allSettled(results);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.constructor)).toEqual(
      results.map(() => PoolTerminatedError),
    );
    await pool.join();
    expect([...new Set(gate.arrivals)].filter(isRunning)).toEqual([]);
    await expect(pool.apply(double, [1])).rejects.toBeInstanceOf(PoolClosedError);
  }));

test('terminate() ends busy processes and starting processes', async () => {
  const busy = new Pool({ processes: 1 });
  const pids = busy.stats().processes.map((child) => child.pid);
  await busy.ready();
  const spinning = busy.apply(spin, [60_000]);
  const starting = new Pool({ processes: 2 });
  const early = starting.apply(double, [1]);
  busy.terminate();
  starting.terminate();
  await expect(spinning).rejects.toBeInstanceOf(PoolTerminatedError);
  await expect(early).rejects.toBeInstanceOf(PoolTerminatedError);
  await Promise.all([busy.join(), starting.join()]);
  expect(pids.filter((id) => id !== undefined && isRunning(id))).toEqual([]);
});

test('terminate() after close() rejects unfinished calls', () =>
  withGate(async (gate) => {
    const pool = new Pool({ processes: 1 });
    const result = pool.map(waitAt, [gate.port]);
    await gate.arrived(1);
    pool.close();
    const joined = pool.join();
    pool.terminate();
    await expect(result).rejects.toBeInstanceOf(PoolTerminatedError);
    await joined;
  }));

test('terminate() ends a waiting loop over a map and settles every other way to wait for it', () =>
  withGate(async (gate) => {
    const pool = new Pool({ processes: 1 });
    const result = pool.map(waitAt, [gate.port]);
    const iterator = result[Symbol.asyncIterator]();
    const next = iterator.next();
    await gate.arrived(1);
    pool.terminate();
    await expect(next).rejects.toBeInstanceOf(PoolTerminatedError);
    await expect(result).rejects.toBeInstanceOf(PoolTerminatedError);
    expect(await result.settled()).toEqual([{ status: 'rejected', reason: expect.any(PoolTerminatedError) }]);
    await pool.join();
  }));

test('Pool.using() returns the result of its body and terminates the pool', () =>
  withGate(async (gate) => {
    let pool: Pool | undefined;
    let pending: Promise<number> | undefined;
    const value = await Pool.using({ processes: 1 }, async (own) => {
      pool = own;
      pending = own.apply(waitAt, [gate.port]);
      pending.catch(() => {});
      await gate.arrived(1);
      return own.apply(double, [4]);
    });
    expect(value).toBe(8);
    await expect(pending).rejects.toBeInstanceOf(PoolTerminatedError);
    await expect(pool?.apply(double, [1])).rejects.toBeInstanceOf(PoolClosedError);
    expect(gate.arrivals.filter(isRunning)).toEqual([]);
  }));

test('Pool.using() rethrows the error of its body and terminates the pool', async () => {
  let child: number | undefined;
  const using = Pool.using({ processes: 1 }, async (own) => {
    child = await own.apply(pid);
    await own.apply(throwRangeError, ['from the body']);
  });
  await expect(using).rejects.toThrow('from the body');
  expect(isRunning(child as number)).toBe(false);
});

test('Pool.using() awaits a PoolResult that its body returns', async () => {
  expect(await Pool.using({ processes: 1 }, (own) => own.map(double, [1, 2]))).toEqual([2, 4]);
});

test('leaving the scope of an await using declaration terminates the pool', () =>
  withGate(async (gate) => {
    let pending: Promise<number> | undefined;
    {
      await using pool = new Pool({ processes: 1 });
      pending = pool.apply(waitAt, [gate.port]);
      pending.catch(() => {});
      await gate.arrived(1);
    }
    await expect(pending).rejects.toBeInstanceOf(PoolTerminatedError);
    expect(gate.arrivals.filter(isRunning)).toEqual([]);
  }));

test('ready() resolves once every process has initialised', async () => {
  const pool = new Pool({ processes: 2 });
  await pool.ready();
  await pool.ready();
  const pids = pool.stats().processes.map((child) => child.pid as number);
  expect(pids).toHaveLength(2);
  expect(pids.every(isRunning)).toBe(true);
  expect((await pool.broadcast(pid)).toSorted()).toEqual(pids.toSorted());
  pool.terminate();
  await pool.join();
  expect(pids.filter(isRunning)).toEqual([]);
});

test('join() ends a process that a task has left in a busy loop', async () => {
  const pool = new Pool({ processes: 1 });
  await pool.apply(leaveBusyLoop);
  const [busy] = pool.stats().processes;
  pool.close();
  await pool.join();
  expect(isRunning(busy?.pid as number)).toBe(false);
});
