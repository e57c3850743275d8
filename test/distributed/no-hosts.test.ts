/** A queue without hosts, on each datastore. */
import { QueueError, TaskExpiredError } from 'aiomultiprocess';
import { triple, tripleAfter } from '../fixtures/distributed/tasks.js';
import { describeDatastores } from '../support/datastores.ts';

describeDatastores((setting) => {
  test('emits noHosts once, and runs the tasks when a host starts; a busy host counts', async () => {
    await setting().withPool(async (pool) => {
      const queues: string[] = [];
      const emitted = new Promise<void>((resolve) => pool.on('noHosts', (queue) => resolve(void queues.push(queue))));
      const result = pool.apply(triple, [5]);
      await emitted;
      await setting().startHost();
      expect(await result).toBe(15);
      // The host answers while its task takes longer than hosts may be silent.
      expect(await pool.apply(tripleAfter, [1, 7000])).toBe(3);
      expect(queues).toEqual([setting().queue]);
    });
  });

  test('rejects after hostTimeout, and a later call may find a host', async () => {
    await setting().withPool(
      async (pool) => {
        await expect(pool.map(triple, [1, 2])).rejects.toThrow(QueueError);
        await expect(pool.apply(triple, [1])).rejects.toThrow(/no host of the queue .*hostTimeout/);
        await setting().startHost();
        expect(await pool.apply(triple, [2])).toBe(6);
      },
      { hostTimeout: 3000 },
    );
  });

  test('expires counts the time that tasks wait', async () => {
    await setting().withPool(
      async (pool) => {
        await expect(pool.apply(triple, [1])).rejects.toThrow(TaskExpiredError);
        await expect(pool.map(triple, [1, 2])).rejects.toMatchObject({ expires: 300 });
        const longer = pool.apply(triple, [2], { expires: 60_000 });
        await setting().startHost();
        expect(await longer).toBe(6);
      },
      { expires: 300 },
    );
  });
});
