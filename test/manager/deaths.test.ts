import { existsSync } from 'node:fs';
import { type Manager, Manager as ManagerClass, ManagerClosedError, Pool, ProcessExitError } from 'aiomultiprocess';
import { call, die, finish, holdUnreliably, start, workUnreliably } from '../fixtures/manager/clients.js';
import { findSurvivors } from '../support/alive.ts';
import { createManager, readHandle } from '../support/manager.ts';
import { createPool } from '../support/pool.ts';
import { Program, runProgram } from '../support/program.ts';

const manager = createManager();
const other = createPool({ processes: 1 });

/** Runs the steps in a process of its own, then kills it. */
async function dieAfter(...steps: [object: object, method: string, args?: unknown[]][]): Promise<void> {
  await Pool.using({ processes: 1, stdio: 'ignore' }, async (pool) => {
    for (const [index, [object, method, args = []]] of steps.entries()) {
      await pool.apply(call as never, [object, method, args, index] as never);
    }
    await expect(pool.apply(die)).rejects.toThrow(ProcessExitError);
  });
}

describe('the death of a process', () => {
  test('releases its locks, reentrant ones completely', async () => {
    const [lock, reentrant] = [manager.lock(), manager.lock({ reentrant: true })];
    const steps = [
      [lock, 'acquire'],
      [reentrant, 'acquire'],
      [reentrant, 'acquire'],
    ] as [object, string][];
    await dieAfter(...steps);
    await (await lock.acquire()).release();
    await (await reentrant.acquire()).release();
    expect(await reentrant.locked()).toBe(false);
  });

  test('releases its permits, and only those', async () => {
    const semaphore = manager.semaphore(3);
    await dieAfter([semaphore, 'acquire'], [semaphore, 'acquire'], [semaphore, 'release']);
    expect(await semaphore.value()).toBe(3);
  });

  test.each([
    ['fifo', [1, 2, 3, 4, 5]],
    ['lifo', [5, 4, 3, 2, 1]],
    ['priority', [1, 3, 5, 2, 4]],
  ] as const)('returns its unacknowledged items to the queue, in their order (%s)', async (order, expected) => {
    const jobs = manager.queue<number>({ acknowledge: true, order });
    for (const item of [1, 2, 3, 4, 5]) await jobs.put(item, { priority: item % 2 });
    await dieAfter([jobs, 'get'], [jobs, 'get'], [jobs, 'get'], [jobs, 'get']);
    while ((await jobs.size()) < 5) await new Promise(setImmediate);
    const items: number[] = [];
    while (items.length < 5) items.push((await jobs.get()).value);
    expect(items).toEqual(expected);
  });

  test('hands its oldest item to the call that waits longest', async () => {
    const jobs = manager.queue<number>({ acknowledge: true });
    for (const item of [1, 2, 3]) await jobs.put(item);
    await Pool.using({ processes: 1, stdio: 'ignore' }, async (pool) => {
      for (const ticket of ['1', '2', '3']) await pool.apply(call, [jobs, 'get', [], ticket]);
      const waiting = [jobs.get(), jobs.get()];
      await jobs.size();
      await expect(pool.apply(die)).rejects.toThrow(ProcessExitError);
      expect((await Promise.all(waiting)).map(({ value }) => value)).toEqual([1, 2]);
      expect((await jobs.get()).value).toBe(3);
    });
  });

  test('ends its waits: the next caller in line is served instead', async () => {
    const queue = manager.queue<number>();
    const barrier = manager.barrier(2);
    await Pool.using({ processes: 1, stdio: 'ignore' }, async (pool) => {
      await pool.apply(start, [queue, 'get', [], 'get', 'size']);
      await pool.apply(start, [barrier, 'wait', [], 'wait', 'waiting']);
      const next = queue.get();
      await expect(pool.apply(die)).rejects.toThrow(ProcessExitError);
      while ((await barrier.waiting()) > 0) await new Promise(setImmediate);
      await queue.put(1);
      expect(await next).toBe(1);
    });
    expect((await Promise.all([barrier.wait(), barrier.wait()])).toSorted()).toEqual([0, 1]);
  });

  test('loses items that it got from a queue without acknowledgement', async () => {
    const queue = manager.queue<number>();
    await queue.put(1);
    await dieAfter([queue, 'get']);
    expect(await queue.size()).toBe(0);
  });

  test('at random moments, with locks, permits and items, leaves nothing stuck and loses nothing', async () => {
    const pool = new Pool({ processes: 3, childConcurrency: 2, retries: 50, stdio: 'ignore' });
    const [lock, semaphore, entered] = [manager.lock(), manager.semaphore(2, { bounded: true }), manager.value(0)];
    const jobs = manager.queue<string>({ acknowledge: true });
    const done = manager.map<string, number>();
    const names = Array.from({ length: 60 }, (_, index) => `job ${index}`);
    for (const name of names) await jobs.put(name);
    await jobs.close();
    const workers = Array.from({ length: 4 }, () => pool.apply(workUnreliably, [jobs, done, 0.05]));
    const holders = Array.from({ length: 30 }, () => pool.apply(holdUnreliably, [lock, semaphore, entered, 0.15]));
    await Promise.all([...workers, ...holders]);
    expect((await done.keys()).toSorted()).toEqual(names.toSorted());
    expect(await entered.get()).toBeGreaterThanOrEqual(30);
    expect([await lock.locked(), await semaphore.value()]).toEqual([false, 2]);
    pool.terminate();
    await pool.join();
  }, 60_000);
});

describe('the death of the server', () => {
  test('rejects every pending call in every process within a second, and leaves no folder', async () => {
    const dying: Manager = new ManagerClass();
    const queue = dying.queue();
    const { folder } = readHandle(queue);
    await other.apply(start, [queue, 'get', [], 'get', 'size']);
    const here = queue.get().catch((error: unknown) => error);
    const controller = new AbortController();
    const put = dying.queue({ maxSize: 1 });
    await put.put(1);
    const cancelled = put.put(2, { signal: controller.signal }).catch((error: unknown) => error);
    const killed = performance.now();
    process.kill(dying.pid as number, 'SIGKILL');
    controller.abort('cancelled');
    expect(await cancelled).toBe('cancelled');
    await expect(other.apply(finish, ['get'])).rejects.toThrow(ManagerClosedError);
    expect(await here).toMatchObject({ message: 'the manager is closed: its process was killed by SIGKILL' });
    // One second, plus a margin for a busy machine.
    expect(performance.now() - killed).toBeLessThan(3000);
    await expect(queue.get()).rejects.toThrow(ManagerClosedError);
    await expect(other.apply(call, [queue, 'size'])).rejects.toThrow(ManagerClosedError);
    await dying.close();
    expect(existsSync(folder)).toBe(false);
  });
});

describe('the program', () => {
  test('exits while its manager is open if no call is pending', async () => {
    const { code, stdout, stderr } = await runProgram('manager-forgotten.mjs');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.startsWith('/proc/') || !existsSync(stdout.trim())).toBe(true);
  });

  test('stays alive while a call is pending', async () => {
    expect(await runProgram('manager-pending.mjs')).toEqual({ code: 0, stdout: 'set\n', stderr: '' });
  });

  test.each<[string, (program: Program) => void]>([
    ['is ended by SIGTERM', (program) => program.kill('SIGTERM')],
    ['is ended by Ctrl-C', (program) => program.kill('SIGINT')],
    ['is ended by SIGKILL', (program) => program.kill('SIGKILL')],
    ['throws', (program) => program.tell('throw')],
    ['calls process.exit', (program) => program.tell('exit')],
  ])('that %s ends the server and removes its socket', async (_how, end) => {
    await Program.using('manager-holding.mjs', [], async (program) => {
      const [server] = (await program.readPids(1)) as [number];
      const folder = await program.readLine();
      expect(existsSync(folder)).toBe(true);
      end(program);
      await program.ended();
      expect(await findSurvivors([server])).toEqual([]);
      // On Linux the folder is that of the process.
      expect(folder.startsWith('/proc/') || !existsSync(folder)).toBe(true);
    });
  });
});
