/** Jobs that may be the cause of the deaths of their hosts, on each datastore. */
import { noteKey } from '../fixtures/distributed/tasks.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { describeDatastores } from '../support/datastores.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { withGate } from '../support/gate.ts';
import { until } from '../support/until.ts';

describeDatastores((setting) => {
  test('a job that lost two hosts begins when the other tasks of its host have ended', async () => {
    await withFile(async (file) => {
      await setting().withPool(async (pool) => {
        const suspect = pool.apply(noteKey, [file, 2]);
        for (let lost = 0; lost < 2; lost++) await (await setting().startHost()).exited;
        await withGate(async (gate) => {
          // The next host takes this at once, and the suspect only when its lock has expired.
          const innocent = pool.apply(waitAt, [gate.port]);
          const host = await setting().startHost('--port', '0');
          await gate.arrived(1);
          await until(async () => (await host.stats()).chunks === 2);
          expect(await linesOf(file)).toHaveLength(2);
          gate.open();
          await innocent;
          const key = await suspect;
          expect(await linesOf(file)).toContain(`3 ${key}`);
        });
      });
    });
  }, 60_000);
});
