/** Large values in the objects of a manager travel through shared memory. */
import { Pool, ProcessExitError, Worker } from 'aiomultiprocess';
import fc from 'fast-check';
import { loadLibc } from '../../dist/lib/shared-memory/libc.js';
import { call, die } from '../fixtures/manager/clients.js';
import { createManager } from '../support/manager.ts';
import { createPool } from '../support/pool.ts';
import { listOpenRegions } from '../support/shared-memory.ts';
import { until } from '../support/until.ts';

const manager = createManager();
const pool = createPool({ processes: 1 });
const withKoffi = loadLibc().libc === undefined ? describe.skip : describe;

/** Those that the manager has open: what is only mapped has no memory, and goes with the next garbage collection. */
const countRegions = () => listOpenRegions(manager.pid as number).length;

test('values of any size arrive equal, from this process and from a task', async () => {
  const queue = manager.queue<Buffer>();
  const size = fc.oneof(fc.nat(200_000), fc.constantFrom(0, 65_535, 65_536, 65_537, 5_000_000));
  await fc.assert(
    fc.asyncProperty(fc.array(size, { minLength: 1, maxLength: 5 }), fc.nat(255), async (sizes, fill) => {
      const sent = sizes.map((length, index) => Buffer.alloc(length, fill + index));
      for (const bytes of sent) await queue.put(bytes);
      for (const bytes of sent) expect(bytes.equals((await pool.apply(call, [queue, 'get'])) as Buffer)).toBe(true);
      for (const bytes of sent) await pool.apply(call, [queue, 'put', [bytes]]);
      for (const bytes of sent) expect(bytes.equals(await queue.get())).toBe(true);
    }),
    { numRuns: 25 },
  );
});

test('a stored value stays as it is, whatever becomes of the one that was sent', async () => {
  const bytes = Buffer.alloc(300_000, 1);
  const value = manager.value<Buffer>(bytes);
  bytes.fill(2);
  const first = await value.get();
  expect(first.equals(Buffer.alloc(300_000, 1))).toBe(true);
  first.fill(3);
  expect((await value.get()).equals(Buffer.alloc(300_000, 1))).toBe(true);
});

withKoffi('the memory between a client and the manager', () => {
  const list = manager.list<Buffer>();
  const exchange = async () => {
    await list.push(Buffer.alloc(200_000, 7));
    await list.get(0);
  };

  test('is there once the first large value has come', async () => {
    await until(async () => {
      await exchange();
      return countRegions() >= 2;
    });
  });

  test.each(['ends', 'is killed'])('is given back when the client %s', async (how) => {
    await until(async () => {
      await exchange();
      return countRegions() >= 2;
    });
    const before = countRegions();
    await Pool.using({ processes: 1 }, async (client) => {
      await until(async () => {
        await client.apply(call, [list, 'push', [Buffer.alloc(200_000, 7)]]);
        await client.apply(call, [list, 'get', [0]]);
        return countRegions() === before + 2;
      });
      if (how === 'is killed') await expect(client.apply(die)).rejects.toThrow(ProcessExitError);
      else client.close();
      await until(() => countRegions() === before);
    });
  });
});

test('a Worker gets large values, too', async () => {
  const value = manager.value<Buffer>(Buffer.alloc(1_000_000, 9));
  const read = await new Worker({ target: call, args: [value, 'get'] });
  expect((read as Buffer).equals(Buffer.alloc(1_000_000, 9))).toBe(true);
});
