/** Datastores that are away or refuse writes for a while, on each datastore. */
import { QueueError } from 'aiomultiprocess';
import { triple } from '../fixtures/distributed/tasks.js';
import { describeDatastores } from '../support/datastores.ts';
import { until } from '../support/until.ts';

describeDatastores((setting) => {
  test('calls wait while the datastore refuses writes for longer than a lease', async () => {
    await setting().startHost();
    await setting().withPool(
      async (pool) => {
        await pool.ready();
        const errors: string[] = [];
        pool.on('connectionError', ({ message }) => errors.push(message));
        await setting().refuseWrites();
        const results = pool.map(
          triple,
          Array.from({ length: 100 }, (_, index) => index),
        );
        // The lease of the caller expires in this time.
        await new Promise((resolve) => setTimeout(resolve, 2500));
        expect(pool.stats().done).toBe(0);
        await setting().acceptWrites();
        expect(await results).toEqual(Array.from({ length: 100 }, (_, index) => index * 3));
        expect(errors.join()).toMatch(/OOM|read-only/);
      },
      { leaseDuration: 1000 },
    );
    await until(async () => (await setting().look()).length === 0);
  }, 60_000);

  test('calls reject with QueueError once the datastore refuses writes for datastoreTimeout', async () => {
    await setting().withPool(
      async (pool) => {
        await pool.ready();
        await setting().refuseWrites();
        const calls = [pool.apply(triple, [1]), pool.map(triple, [1, 2]).then()];
        for (const call of calls) {
          const error = await call.catch((reason: unknown) => reason);
          expect(error).toBeInstanceOf(QueueError);
          expect(error).toMatchObject({ message: expect.stringMatching(/failed for 1 s .*"datastoreTimeout"/) });
        }
        await setting().acceptWrites();
      },
      { datastoreTimeout: 1000 },
    );
  }, 60_000);

  test('calls reject with QueueError once the datastore is away for datastoreTimeout, and later ones wait for it', async () => {
    const { server } = setting();
    await setting().startHost();
    await setting().withPool(
      async (pool) => {
        await pool.ready();
        await server.kill();
        await expect(pool.apply(triple, [1])).rejects.toThrow(QueueError);
        await expect(pool.apply(triple, [1])).rejects.toThrow('"datastoreTimeout"');
        await server.start();
        await until(() =>
          setting()
            .look()
            .then(
              () => true,
              () => false,
            ),
        );
        expect(await pool.apply(triple, [2])).toBe(6);
      },
      { datastoreTimeout: 2000, heartbeatTimeout: 1000 },
    );
  }, 60_000);
});
