/** A function once in every process of every host, on each datastore. */
import { spawn } from 'node:child_process';
import {
  HostLostError,
  PoolTerminatedError,
  ProtocolError,
  SerializationError,
  TaskExpiredError,
  TaskNotFoundError,
  TaskTimeoutError,
} from 'aiomultiprocess';
import { makeText, measure, noteProcess, triple } from '../fixtures/distributed/tasks.js';
import { throwRangeError } from '../fixtures/pool/failing.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { readReasons, waitForAbort } from '../fixtures/pool/limited.js';
import { describeDatastores } from '../support/datastores.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { withGate } from '../support/gate.ts';
import { fixtures, HostProcess } from '../support/hosts.ts';
import { until } from '../support/until.ts';

const SHORT_LEASE = { leaseDuration: 1000 };

describeDatastores((setting) => {
  const startHosts = (...args: string[]) => Promise.all([setting().startHost(...args), setting().startHost(...args)]);

  test('runs once in each process, and leaves nothing in the datastore', async () => {
    const hosts = await startHosts('--processes', '2');
    await withFile(async (file) => {
      await setting().withPool(async (pool) => {
        const processes = await pool.broadcast(noteProcess, [file]);
        expect(processes.map(({ pid }) => String(pid)).sort()).toEqual((await linesOf(file)).sort());
        const perHost = hosts.map(({ pid }) => processes.filter(({ host }) => host === pid).length);
        expect([processes.length, perHost]).toEqual([4, [2, 2]]);
        const startedAt = performance.now();
        expect(await pool.broadcast(triple, [5])).toEqual([15, 15, 15, 15]);
        // All hosts have answered that are connected, so it does not wait for others.
        expect(performance.now() - startedAt).toBeLessThan(4000);
        expect(pool.stats()).toMatchObject({ done: 2, failed: 0, hosts: 2 });
      });
    });
    expect(await setting().look()).toEqual([]);
  });

  test('counts as one task until it has settled', async () => {
    await startHosts();
    await withGate((gate) =>
      setting().withPool(async (pool) => {
        const result = pool.broadcast(waitAt, [gate.port]);
        expect(pool.stats()).toMatchObject({ queued: 0, sent: 1, done: 0 });
        await gate.arrived(2);
        expect(pool.stats()).toMatchObject({ queued: 0, sent: 1, done: 0 });
        gate.open();
        await result;
        expect(pool.stats()).toMatchObject({ queued: 0, sent: 0, done: 1 });
        await expect(pool.broadcast(throwRangeError, ['no'])).rejects.toThrow(RangeError);
        expect(pool.stats()).toMatchObject({ queued: 0, sent: 0, done: 1, failed: 1 });
      }),
    );
  });

  test('without hosts the result is empty, and the pool emits noHosts', async () => {
    await setting().withPool(async (pool) => {
      const queues: string[] = [];
      pool.on('noHosts', (queue) => queues.push(queue));
      expect(await pool.broadcast(triple, [1])).toEqual([]);
      expect(queues).toEqual([setting().queue]);
    });
  });

  test('a host that is lost rejects it with HostLostError, and the other goes on', async () => {
    const hosts = await startHosts();
    await setting().withPool(
      async (pool) => {
        await withGate(async (gate) => {
          const result = pool.broadcast(waitAt, [gate.port]);
          const outcome = expect(result).rejects.toThrow(HostLostError);
          await gate.arrived(2);
          await hosts[0].signalGroup('SIGKILL');
          await outcome;
          await expect(result).rejects.toThrow(/'?waitAt'? was broadcast to the host .* lost before it answered/);
          // The next one counts only the host that is left.
          const next = pool.broadcast(triple, [1]);
          gate.open();
          expect(await next).toEqual([3]);
        });
      },
      { heartbeatTimeout: 3000 },
    );
    expect(await setting().look()).toEqual([]);
  }, 60_000);

  test('a host that answers late, because its function takes longer than hosts may be silent, is not lost', async () => {
    await startHosts();
    await setting().withPool(
      async (pool) => {
        await withGate(async (gate) => {
          const result = pool.broadcast(waitAt, [gate.port]);
          await gate.arrived(2);
          await new Promise((resolve) => setTimeout(resolve, 4500));
          gate.open();
          expect((await result).sort()).toEqual([...gate.arrivals].sort());
        });
      },
      { heartbeatTimeout: 3000 },
    );
  }, 60_000);

  test('a host that is closing does not count, and lets what it has begun finish', async () => {
    const [first] = await startHosts();
    await setting().withPool(async (pool) => {
      await withGate(async (gate) => {
        const before = pool.broadcast(waitAt, [gate.port]);
        await gate.arrived(2);
        const ended = first.end('SIGTERM');
        await until(() => first.lines.some((line) => line.includes('finish')));
        expect(await pool.broadcast(triple, [1])).toEqual([3]);
        gate.open();
        expect(await before).toHaveLength(2);
        expect(await ended).toBe(0);
      });
    });
  });

  test.each(['signal', 'expires', 'timeout', 'terminate'] as const)('its tasks end with %s', async (how) => {
    const hosts = await startHosts();
    await withGate(async (gate) => {
      await setting().withPool(async (pool) => {
        const controller = new AbortController();
        const options = {
          signal: { signal: controller.signal },
          expires: { expires: 1500 },
          timeout: { timeout: 1500 },
          terminate: {},
        };
        const errors = {
          signal: RangeError,
          expires: TaskExpiredError,
          timeout: TaskTimeoutError,
          terminate: PoolTerminatedError,
        };
        const outcome = expect(pool.broadcast(waitForAbort, [gate.port], options[how])).rejects.toThrow(errors[how]);
        await gate.arrived(2);
        if (how === 'signal') controller.abort(new RangeError('no longer wanted'));
        if (how === 'terminate') pool.terminate();
        await outcome;
        // While the caller lives, unless it was terminated.
        await setting().withPool((other) =>
          until(async () => {
            const reasons = await other.broadcast(readReasons);
            return reasons.length === hosts.length && reasons.every((each) => each.length === 1);
          }),
        );
      }, SHORT_LEASE);
    });
    // A host may answer a caller that has just ended: it removes the answer after a part of the lease.
    await until(async () => (await setting().look()).length === 0);
  });

  test('what the function throws rejects it, and a host without the function does', async () => {
    const { queue, server, hosts } = setting();
    await setting().startHost();
    const old = new HostProcess(queue, server.url, [], [`${fixtures}pool/failing.js`]);
    hosts.add(old);
    await old.ready();
    await setting().withPool(async (pool) => {
      await expect(pool.broadcast(throwRangeError, ['no'])).rejects.toThrow(RangeError);
      await expect(pool.broadcast(triple, [1])).rejects.toThrow(TaskNotFoundError);
      await expect(pool.broadcast(async () => 1)).rejects.toThrow(TaskNotFoundError);
      await expect(pool.broadcast(triple, [1], { retries: 1 } as never)).rejects.toThrow(TypeError);
    });
  });

  test('both sides check the sizes of values', async () => {
    await startHosts('--max-value-size', '64k');
    await setting().withPool(
      async (pool) => {
        await expect(pool.broadcast(measure, ['x'.repeat(1_000_000)])).rejects.toThrow(ProtocolError);
        await expect(pool.broadcast(measure, ['x'.repeat(5_000_000)])).rejects.toThrow(SerializationError);
        await expect(pool.broadcast(makeText, [70_000])).rejects.toMatchObject({ path: 'result' });
        expect(await pool.broadcast(makeText, [10])).toEqual(['x'.repeat(10), 'x'.repeat(10)]);
      },
      { maxValueSize: 4 * 1024 * 1024 },
    );
  });

  test('the death of its caller aborts it, and removes its data', async () => {
    await startHosts();
    const { server, queue } = setting();
    await withGate(async (gate) => {
      const program = `${fixtures}distributed/programs/broadcast.mjs`;
      const caller = spawn(process.execPath, [program, server.url, queue, String(gate.port)], { stdio: 'ignore' });
      await gate.arrived(2);
      expect((await setting().look()).join()).toContain('-broadcasts-');
      caller.kill('SIGKILL');
      await until(async () => (await setting().look()).length === 0);
      await setting().withPool(async (pool) => {
        expect(await pool.broadcast(readReasons)).toEqual([['AbortError'], ['AbortError']]);
      });
    });
  });
});
