/** The cancellation of tasks that hosts have, or are about to get, on each datastore. */
import type { DistributedPool } from 'aiomultiprocess/distributed';
import { noteAndWait, triple } from '../fixtures/distributed/tasks.js';
import { waitForAbort } from '../fixtures/pool/limited.js';
import { describeDatastores } from '../support/datastores.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { withGate } from '../support/gate.ts';
import type { HostProcess } from '../support/hosts.ts';
import { until } from '../support/until.ts';

describeDatastores((setting) => {
  /** The chunks in the datastore. */
  async function jobs(): Promise<string[]> {
    const isJob = new RegExp(`^(bull:)?${setting().queue}[: ][0-9a-f]{32}-`);
    return (await setting().look()).filter((each) => isJob.test(each));
  }

  test('tasks that are cancelled while they are being sent leave the queue', async () => {
    await setting().withPool(async (pool) => {
      await pool.ready();
      for (const time of [0, 0, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20]) {
        const map = pool.map(triple, Array(64).fill(1), { signal: AbortSignal.timeout(time) });
        await expect(map).rejects.toThrow('aborted due to timeout');
      }
      await until(async () => (await jobs()).length === 0);
    });
  });

  test('tasks that are cancelled while they are being sent do not run on', async () => {
    // Otherwise the host would soon notice that the jobs are gone.
    const host = await setting().startHost('--port', '0', '--lock-duration', '60s');
    await withGate((gate) =>
      setting().withPool(async (pool) => {
        for (const time of [0, 2, 4, 5, 5, 5, 5, 6, 6, 6, 7, 8, 10, 12, 16, 20]) {
          // Then the host looks for tasks.
          await pool.apply(triple, [1]);
          const map = pool.map(waitForAbort, Array(200).fill(gate.port), { signal: AbortSignal.timeout(time) });
          await expect(map).rejects.toThrow('aborted due to timeout');
        }
        // Hosts get tasks in the order in which they are sent, so the cancelled ones are there by now, if any.
        expect(await pool.apply(triple, [2])).toBe(6);
        await until(async () => (await host.stats()).running === 0);
      }),
    );
  });

  /**
   * Has a host run a task.
   *
   * @returns a function that cancels the task, of which the host does not learn, because it stops and dies.
   */
  async function runOn(host: HostProcess, pool: DistributedPool, file: string): Promise<() => Promise<void>> {
    const controller = new AbortController();
    const call = pool.apply(noteAndWait, [file, 'ran', 60_000], { signal: controller.signal });
    await until(async () => (await linesOf(file)).length === 1);
    return async () => {
      process.kill(-host.pid, 'SIGSTOP');
      controller.abort();
      await expect(call).rejects.toThrow('aborted');
      expect(await jobs()).not.toEqual([]);
      await host.end();
    };
  }

  test('hosts that start later do not run what was cancelled', async () => {
    const first = await setting().startHost();
    await withFile((file) =>
      setting().withPool(async (pool) => {
        const cancel = await runOn(first, pool, file);
        await cancel();
        await setting().startHost();
        // The lock of the first host ends, and the other one gets the job.
        await until(async () => (await jobs()).length === 0);
        expect(await linesOf(file)).toEqual(['ran']);
      }),
    );
  });

  test('tasks that were cancelled do not run again when their host dies', async () => {
    const first = await setting().startHost();
    await withFile((file) =>
      setting().withPool(async (pool) => {
        const cancel = await runOn(first, pool, file);
        await setting().startHost();
        await cancel();
        await until(async () => (await jobs()).length === 0);
        expect(await linesOf(file)).toEqual(['ran']);
      }),
    );
  });
});
