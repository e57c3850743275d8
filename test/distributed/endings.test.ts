/** The end of callers and hosts, and what they leave behind, on each datastore. */
import { spawn } from 'node:child_process';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Host } from 'aiomultiprocess/distributed';
import { noteAndWait, triple } from '../fixtures/distributed/tasks.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { describeDatastores } from '../support/datastores.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { withGate } from '../support/gate.ts';
import { fixtures, HostProcess } from '../support/hosts.ts';
import { node } from '../support/run.ts';
import { until } from '../support/until.ts';

describeDatastores((setting) => {
  test('a program leaves nothing in the datastore', async () => {
    await setting().startHost();
    await setting().withPool(async (pool) => {
      await pool.map(triple, [1, 2, 3]);
      expect(await setting().look()).not.toEqual([]);
    });
    expect(await setting().look()).toEqual([]);
  });

  test('the death of a program removes its data, and aborts its tasks', async () => {
    const host = await setting().startHost('--port', '0');
    await withGate(async (gate) => {
      const program = `${fixtures}distributed/programs/caller.mjs`;
      const caller = spawn(process.execPath, [program, setting().server.url, setting().queue, String(gate.port)], {
        stdio: 'ignore',
      });
      await gate.arrived(16);
      caller.kill('SIGKILL');
      await until(async () => (await host.stats()).running === 0);
      await until(async () => (await setting().look()).length === 0);
    });
  });

  test('the late results of a host that was suspended beyond the lease of its caller leave nothing', async () => {
    const host = await setting().startHost();
    await withGate(async (gate) => {
      const program = `${fixtures}distributed/programs/caller.mjs`;
      const args = [program, setting().server.url, setting().queue, String(gate.port), 'waitAt'];
      const caller = spawn(process.execPath, args, { stdio: 'ignore' });
      await gate.arrived(16);
      // Its processes go on: their results wait for it.
      process.kill(host.pid, 'SIGSTOP');
      caller.kill('SIGKILL');
      gate.open();
      await setTimeout(1500);
      process.kill(host.pid, 'SIGCONT');
      await until(async () => (await setting().look()).length === 0);
      // Nothing comes after that.
      expect(await host.end('SIGTERM')).toBe(0);
      expect(await setting().look()).toEqual([]);
    });
  });

  test.each(['close', 'terminate'])('a program that calls %s() as soon as it is connected exits', async (how) => {
    const program = `${fixtures}distributed/programs/leave-early.mjs`;
    expect(await node([program, setting().server.url, how], { timeout: 10_000 })).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  test('a program exits at once when its idle pool has closed', async () => {
    const { server, queue } = setting();
    await setting().startHost();
    const { code, stdout } = await node([`${fixtures}distributed/programs/leave-idle.mjs`, server.url, queue]);
    expect([code, Number(stdout)]).toEqual([0, expect.any(Number)]);
    // BullMQ waits for the next result for up to five seconds.
    expect(Number(stdout)).toBeLessThan(2000);
  });

  test.each([
    ['receives SIGTERM', (host: HostProcess) => host.end('SIGTERM')],
    ['receives SIGTERM together with its processes', (host: HostProcess) => host.signalGroup('SIGTERM')],
  ])('a host that %s lets its tasks finish, and takes no further ones', async (_how, end) => {
    const host = await setting().startHost();
    await setting().withPool(async (pool) => {
      await withGate(async (gate) => {
        const call = pool.apply(waitAt, [gate.port]);
        await gate.arrived(1);
        const ended = end(host);
        gate.open();
        expect(await call).toBe(gate.arrivals[0]);
        expect(await ended).toBe(0);
      });
    });
  });

  test('a host that receives SIGTERM while it is starting exits', async () => {
    const { queue, server } = setting();
    const host = new Host({
      queue,
      connection: server.url,
      modules: [`${fixtures}pool/gate.js`],
      pool: { processes: 1 },
    });
    const started = host.start();
    await setImmediate();
    await Promise.all([host.close(), expect(started).rejects.toThrow()]);
    const early = [50, 250, 450, 650].map(async (time) => {
      const other = new HostProcess(queue, server.url);
      await setTimeout(time);
      return other.end('SIGTERM');
    });
    for (const code of await Promise.all(early)) expect([0, 'SIGTERM']).toContain(code);
  });

  test('a host that receives SIGTERM requeues tasks that do not finish in time, and another host runs them', async () => {
    const first = await setting().startHost('--grace-period', '100');
    await withFile(async (file) => {
      await setting().withPool(async (pool) => {
        const call = pool.starmap(noteAndWait, [
          [file, 'a', 1000],
          [file, 'b', 1000],
        ]);
        await until(async () => (await linesOf(file)).length === 2);
        expect(await first.end('SIGTERM')).toBe(0);
        await setting().startHost();
        expect(await call).toEqual(['a', 'b']);
        expect((await linesOf(file)).sort()).toEqual(['a', 'a', 'b', 'b']);
      });
    });
  });
});
