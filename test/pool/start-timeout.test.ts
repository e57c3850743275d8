import { InitializerError, Pool, Process, type TaskTimeoutError, tasksFrom, Worker } from 'aiomultiprocess';
import { killSelf } from '../fixtures/pool/failing.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { double, pid } from '../fixtures/pool/tasks.js';
import { abort, hang, spinForever } from '../fixtures/reliability/failing.js';
import { findSurvivors } from '../support/alive.ts';
import { withGate } from '../support/gate.ts';

interface Work {
  work(): Promise<unknown>;
}

const moduleOf = (name: string) => tasksFrom<Work>(new URL(`../fixtures/reliability/modules/${name}`, import.meta.url));

describe('a start', () => {
  test('that takes longer than startTimeout ends its process and is not tried again', async () => {
    const pids: (number | undefined)[] = [];
    const pool = new Pool({ processes: 1, initializer: spinForever, startTimeout: 500, stdio: 'ignore' });
    pool.on('processStarted', ({ pid }) => pids.push(pid));
    const error = await pool.apply(double, [1]).catch((error) => error);
    expect(error).toBeInstanceOf(InitializerError);
    expect(error.message).toMatch(/was not ready within 500 ms$/);
    expect(error.cause).toMatchObject({ name: 'TimeoutError', message: expect.stringContaining('startTimeout') });
    expect(pids).toHaveLength(1);
    expect(await findSurvivors(pids.filter((pid) => pid !== undefined))).toEqual([]);
    pool.terminate();
    await pool.join();
  });

  test('that is killed from outside is repeated for at most startTimeout', async () => {
    const pool = new Pool({ processes: 1, initializer: killSelf, initargs: ['SIGKILL'], startTimeout: 2000 });
    const error = await pool.ready().catch((error) => error);
    expect(error).toBeInstanceOf(InitializerError);
    expect(error.message).toContain('2000 ms');
    pool.terminate();
    await pool.join();
  });

  test('that crashes its process fails after three attempts', async () => {
    const signals: unknown[] = [];
    const pool = new Pool({ processes: 1, initializer: abort, stdio: 'ignore' });
    pool.on('processExited', ({ signal }) => signals.push(signal));
    await expect(pool.ready()).rejects.toThrow(/could not be made ready in 3 attempts/);
    expect(signals).toEqual(['SIGABRT', 'SIGABRT', 'SIGABRT']);
    pool.terminate();
    await pool.join();
  });

  test('of a Worker that takes longer than startTimeout rejects with InitializerError', async () => {
    const worker = new Worker({ target: double, args: [1], initializer: hang, startTimeout: 500 });
    const error = await Promise.resolve(worker).catch((error) => error);
    expect(error).toBeInstanceOf(InitializerError);
    expect(error.cause).toMatchObject({ name: 'TimeoutError' });
  });

  test('of a Process whose module is never done importing ends it', async () => {
    const process = new Process({ target: moduleOf('hanging.js').work, startTimeout: 500, stdio: 'ignore' });
    await process;
    expect(process.exitcode).toBe(-9);
  });

  test('is over when the target of a Worker is called', async () => {
    const worker = new Worker({ target: moduleOf('slow.js').work, startTimeout: 60_000 });
    expect(await worker).toBe('done');
  });
});

describe('the first import of the module of a task', () => {
  test('does not count against its time limit', () =>
    Pool.using({ processes: 1 }, async (pool) => {
      expect(await pool.apply(moduleOf('slow.js').work, [], { timeout: 1000 })).toBe('done');
    }));

  test('that takes longer than startTimeout rejects all who wait for it, and names the module', () =>
    withGate((gate) =>
      Pool.using({ processes: 1, startTimeout: 3000 }, async (pool) => {
        const recycled: unknown[] = [];
        pool.on('processRecycled', ({ reason }) => recycled.push(reason));
        const [before] = await pool.broadcast(pid);
        const beside = pool.apply(waitAt, [gate.port]);
        await gate.arrived(1);
        const { work } = moduleOf('hanging.js');
        const errors = await pool.map(work, [1, 2]).settled();
        for (const error of errors) {
          expect(error).toMatchObject({ status: 'rejected', reason: { name: 'TaskTimeoutError', timeout: 3000 } });
          expect(((error as PromiseRejectedResult).reason as TaskTimeoutError).module).toMatch(/hanging\.js$/);
        }
        // Another process takes over, and what ran beside it goes on.
        expect(await pool.apply(pid)).not.toBe(before);
        expect(recycled).toEqual(['startTimeout']);
        gate.open();
        expect(await beside).toBe(before);
      }),
    ));

  test('that keeps its process busy has what waits behind it run by another process', () =>
    Pool.using({ processes: 1, startTimeout: 3000, cancelGracePeriod: 0 }, async (pool) => {
      const [before] = await pool.broadcast(pid);
      const busy = pool.apply(moduleOf('busy.js').work);
      const behind = pool.apply(pid);
      await expect(busy).rejects.toMatchObject({
        name: 'TaskTimeoutError',
        message: expect.stringContaining('busy.js'),
      });
      expect(await behind).not.toBe(before);
    }));
});
