/** Hosts of different versions, and a rate limit over hosts, on each datastore. */
import { TaskNotFoundError } from 'aiomultiprocess';
import { hostPid, noteTime } from '../fixtures/distributed/tasks.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { describeDatastores } from '../support/datastores.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { withGate } from '../support/gate.ts';
import { fixtures, HostProcess } from '../support/hosts.ts';

describeDatastores((setting) => {
  const startOld = async () => {
    const { queue, server, hosts } = setting();
    const host = new HostProcess(queue, server.url, [], [`${fixtures}pool/gate.js`]);
    hosts.add(host);
    await host.ready();
    return host;
  };

  test('a function that a host does not know runs on one that does, and fails if none does', async () => {
    const [, current] = await Promise.all([startOld(), setting().startHost()]);
    await setting().withPool(async (pool) => {
      await withGate(async (gate) => {
        // Both hosts take tasks.
        const held = pool.starmap(waitAt, Array(20).fill([gate.port]));
        await gate.arrived(20);
        gate.open();
        await held;
      });
      const pids = await pool.starmap(hostPid, Array(50).fill([]));
      expect(new Set(pids)).toEqual(new Set([current.pid]));
      await current.end('SIGTERM');
      await expect(pool.apply(hostPid)).rejects.toThrow(TaskNotFoundError);
    });
  });

  test('a rate limit counts the tasks of all hosts', async () => {
    const limit = ['--rate-limit', '10/1s'];
    await Promise.all([setting().startHost(...limit), setting().startHost(...limit)]);
    await withFile(async (file) => {
      await setting().withPool(async (pool) => pool.map(noteTime, Array(40).fill(file)));
      const times = (await linesOf(file)).map(Number).sort((a, b) => a - b);
      expect(times).toHaveLength(40);
      // Each task begins a second after the tenth before it, but for the time from its fetch to its begin.
      const gaps = times.slice(10).map((time, index) => time - (times[index] as number));
      expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2000);
      expect(gaps.filter((gap) => gap > 500).length).toBeGreaterThan(20);
    });
  });
});
