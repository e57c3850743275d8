import { InitializerError, Pool, Process, type TaskTimeoutError, tasksFrom, Worker } from 'aiomultiprocess';
import { killSelf } from '../../fixtures/pool/failing.js';
import { waitAt } from '../../fixtures/pool/gate.js';
import { double, pid } from '../../fixtures/pool/tasks.js';
import { abort, hang, spinForever } from '../../fixtures/reliability/failing.js';
import { findSurvivors } from '../../support/alive.ts';
import { withGate } from '../../support/gate.ts';

interface Work {
  work(): Promise<unknown>;
}

const moduleOf = (name: string) =>
  tasksFrom<Work>(new URL(`../../fixtures/reliability/modules/${name}`, import.meta.url));

describe('the start of a process', () => {
  test('a start that exceeds startTimeout kills its process and is not retried', async () => {
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

  test('a start that SIGKILL ends is retried for at most startTimeout', async () => {
    const pool = new Pool({ processes: 1, initializer: killSelf, initargs: ['SIGKILL'], startTimeout: 2000 });
    const error = await pool.ready().catch((error) => error);
    expect(error).toBeInstanceOf(InitializerError);
    expect(error.message).toContain('2000 ms');
    pool.terminate();
    await pool.join();
  });

  test('a start fails after three crashes', async () => {
    const signals: unknown[] = [];
    const pool = new Pool({ processes: 1, initializer: abort, stdio: 'ignore' });
    pool.on('processExited', ({ signal }) => signals.push(signal));
    await expect(pool.ready()).rejects.toThrow(/could not be made ready in 3 attempts/);
    expect(signals).toEqual(['SIGABRT', 'SIGABRT', 'SIGABRT']);
    pool.terminate();
    await pool.join();
  });

  test('a Worker that exceeds startTimeout rejects with InitializerError', async () => {
    const worker = new Worker({ target: double, args: [1], initializer: hang, startTimeout: 500 });
    const error = await Promise.resolve(worker).catch((error) => error);
    expect(error).toBeInstanceOf(InitializerError);
    expect(error.cause).toMatchObject({ name: 'TimeoutError' });
  });

  test('a Process that exceeds startTimeout while its module is imported is killed', async () => {
    const process = new Process({ target: moduleOf('hanging.js').work, startTimeout: 500, stdio: 'ignore' });
    await process;
    expect(process.exitcode).toBe(-9);
  });

  test('the start of a Worker ends when its target is called', async () => {
    const worker = new Worker({ target: moduleOf('slow.js').work, startTimeout: 60_000 });
    expect(await worker).toBe('done');
  });
});

describe('the first import of a task module', () => {
  test('does not count towards the time limit of the task', () =>
    Pool.using({ processes: 1 }, async (pool) => {
      expect(await pool.apply(moduleOf('slow.js').work, [], { timeout: 1000 })).toBe('done');
    }));

  test('rejects all tasks that wait for it after startTimeout, with the module in the error', () =>
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
        // Another process takes over, and the task that ran beside the import continues.
        expect(await pool.apply(pid)).not.toBe(before);
        expect(recycled).toEqual(['startTimeout']);
        gate.open();
        expect(await beside).toBe(before);
      }),
    ));

  test('leaves waiting tasks to another process if it blocks its own', () =>
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
