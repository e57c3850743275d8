/** How much memory shared values take, and when they give it back. */
import { readdirSync } from 'node:fs';
import { Pool, type Shared, share } from 'aiomultiprocess';
import { killItself, measure, passOn, pid, readAt, shareHere, untilUnmapped } from '../fixtures/shared-memory/tasks.js';
import { createPool } from '../support/pool.ts';
import { reasonOf } from '../support/reason.ts';
import { findHolders, inodeOf, readParts } from '../support/shared-memory.ts';
import { until } from '../support/until.ts';

const onLinux = process.platform === 'linux' ? describe : describe.skip;
const MEBIBYTE = 2 ** 20;

onLinux('the memory of a shared value', () => {
  const pool = createPool({ processes: 2, execArgv: ['--expose-gc'] });
  const inode = (shared: Shared<unknown>) => inodeOf(readParts(shared)[1]);

  test('is there once for all processes, and none of them copies it', async () => {
    const size = 32 * MEBIBYTE;
    using shared = share(Buffer.alloc(size, 1));
    await Pool.using({ processes: 8 }, async (eight) => {
      await eight.broadcast(measure, [shared]);
      const measured = await eight.broadcast(measure, [shared]);
      expect(measured.map(({ sum }) => sum)).toEqual(Array(8).fill(size / 4096));
      const pss = measured.reduce((sum, each) => sum + each.pss, 0);
      expect(pss).toBeGreaterThan(0.9 * size);
      expect(pss).toBeLessThan(1.2 * size);
      for (const { copied } of measured) expect(copied).toBeLessThan(0.1 * size);
    });
  });

  test('is free after dispose() if no process has read it', async () => {
    const shared = share(Buffer.alloc(MEBIBYTE));
    const region = inode(shared);
    await pool.apply(passOn, [shared]);
    expect(findHolders(region)).toEqual([process.pid]);
    shared.dispose();
    expect(findHolders(region)).toEqual([]);
  });

  test('is free after dispose() once the processes that have read it collect it', async () => {
    const shared = share(Buffer.alloc(MEBIBYTE));
    const region = inode(shared);
    await pool.broadcast(readAt, [shared, 0]);
    const pids = await pool.broadcast(pid);
    expect(findHolders(region).sort()).toEqual([process.pid, ...pids].sort());
    shared.dispose();
    await pool.broadcast(untilUnmapped);
    expect(findHolders(region)).toEqual([]);
  });

  test('is free when its owner is killed, and so is that of a killed reader', async () => {
    const owned = (await pool.apply(shareHere, [Buffer.alloc(MEBIBYTE)])) as Shared<Buffer>;
    const region = inode(owned);
    const [owner] = findHolders(region);
    expect(await pool.broadcast(pid)).toContain(owner);
    process.kill(owner as number, 'SIGKILL');
    await until(() => findHolders(region).length === 0);

    using shared = share(Buffer.alloc(MEBIBYTE));
    expect(await reasonOf(pool.apply(killItself, [shared]))).toMatchObject({ name: 'ProcessExitError' });
    await until(() => findHolders(inode(shared)).length === 1);
  });

  test('never has a name', async () => {
    const before = readdirSync('/dev/shm');
    using shared = share(Buffer.alloc(MEBIBYTE));
    await pool.broadcast(readAt, [shared, 0]);
    expect(readdirSync('/dev/shm').filter((name) => !before.includes(name))).toEqual([]);
  });
});
