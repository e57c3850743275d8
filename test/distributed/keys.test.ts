/** `currentTask().key` and `attempt` over hosts, on each datastore. */
import { describeKey, noteKey } from '../fixtures/distributed/tasks.js';
import { describeDatastores } from '../support/datastores.ts';
import { linesOf, withFile } from '../support/folder.ts';

describeDatastores((setting) => {
  test('keys are unique over tasks and pools', async () => {
    await setting().startHost();
    const keys = new Set<string>();
    for (let pools = 0; pools < 2; pools++) {
      await setting().withPool(async (pool) => {
        for (const line of await pool.map(describeKey, Array(100).fill(0))) keys.add(line);
      });
    }
    expect(keys.size).toBe(200);
    for (const line of keys) expect(line).toMatch(/^1 [0-9a-f]{32}-\d+$/);
  });

  test('a task has the same key after the deaths of hosts, which its attempt counts', async () => {
    let over = false;
    const keepHost = async () => {
      while (!over) await (await setting().startHost()).exited;
    };
    const keeping = keepHost();
    await withFile(async (file) => {
      await setting().withPool(async (pool) => {
        const key = await pool.apply(noteKey, [file, 2]);
        expect(await linesOf(file)).toEqual([1, 2, 3].map((attempt) => `${attempt} ${key}`));
      });
    });
    over = true;
    await Promise.all([...setting().hosts].map((host) => host.end()));
    await keeping;
  });
});
