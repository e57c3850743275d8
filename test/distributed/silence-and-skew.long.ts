/** Connections that become silent, and machines whose clocks are wrong. */
import { DistributedPool } from 'aiomultiprocess/distributed';
import { noteAndWait, triple } from '../fixtures/distributed/tasks.js';
import { describeDatastores } from '../support/datastores.ts';
import { CallerProcess } from '../support/faults/caller.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { HostProcess, skewClock } from '../support/hosts.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

describeDatastores((setting) => {
  test('a host and a caller notice silent connections, and connect again', async () => {
    const { server, queue } = setting();
    const proxy = await TcpProxy.start(server.url);
    const host = new HostProcess(queue, proxy.url, ['--heartbeat-timeout', '3s']);
    setting().hosts.add(host);
    await host.ready();
    const pool = new DistributedPool({ queue, connection: proxy.url, heartbeatTimeout: 3000 });
    const errors: Error[] = [];
    pool.on('connectionError', (error) => errors.push(error));
    expect(await pool.apply(triple, [1])).toBe(3);
    proxy.silence();
    await until(() => errors.length > 0 && host.lines.some((line) => line.includes('error: ')));
    expect(await pool.apply(triple, [2])).toBe(6);
    pool.terminate();
    await pool.join();
    await host.end();
    await proxy.close();
  }, 60_000);

  test('hosts and callers work although their clocks are wrong, and report it', async () => {
    const { server, queue } = setting();
    // Locks and leases that are shorter than the differences.
    const args = ['--lock-duration', '20s', '--stalled-interval', '500'];
    const hosts = [120_000, -120_000].map(
      (skew) => new HostProcess(queue, server.url, args, undefined, skewClock(skew)),
    );
    for (const host of hosts) setting().hosts.add(host);
    await Promise.all(hosts.map((host) => host.ready()));
    await withFile(async (file) => {
      await setting().withPool(async (pool) => {
        const names = Array.from({ length: 60 }, (_, index) => String(index));
        const args = names.map((name): [string, string, number] => [file, name, 100]);
        expect(await pool.starmap(noteAndWait, args)).toEqual(names);
        expect(await linesOf(file)).toHaveLength(60);
      });
    });
    expect(hosts[0]?.lines.join('\n')).toMatch(/this machine is 1[12]\d\.\d s ahead of the datastore/);
    expect(hosts[1]?.lines.join('\n')).toMatch(/this machine is 1[12]\d\.\d s behind the datastore/);
  }, 60_000);

  test('callers work although their clocks are wrong by more than a lease, and leave nothing', async () => {
    const { server, queue } = setting();
    await Promise.all([setting().startHost(), setting().startHost()]);
    await withFile(async (file) => {
      const callers = [70_000, -70_000].map((skew) => {
        const options = { queue, connection: server.url, leaseDuration: 10_000 };
        const order = { options, name: `caller${skew}`, tasks: 200, milliseconds: 20, file };
        return new CallerProcess(order, skewClock(skew));
      });
      expect(await Promise.all(callers.map(({ exited }) => exited))).toEqual([0, 0]);
      for (const { counts } of callers) expect(counts).toMatchObject({ right: 200, wrong: 0, failed: 0, twice: 0 });
      // No task was dropped and sent again, because a host took its caller for dead.
      expect(await linesOf(file)).toHaveLength(400);
    });
    await until(async () => (await setting().look()).length === 0);
  }, 60_000);
});
