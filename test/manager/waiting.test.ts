import { getEventListeners } from 'node:events';
import {
  BrokenBarrierError,
  Pool,
  QueueClosedError,
  QueueEmptyError,
  QueueFullError,
  TimeoutError,
} from 'aiomultiprocess';
import { call, finish, release, start } from '../fixtures/manager/clients.js';
import { createManager } from '../support/manager.ts';
import { createPool } from '../support/pool.ts';

const manager = createManager();
const other = createPool({ processes: 1 });
const nameOf = (error: Error) => error.name;

describe('a time limit', () => {
  test('rejects with TimeoutError, and takes nothing afterwards', async () => {
    const queue = manager.queue<number>({ maxSize: 1 });
    await expect(queue.get({ timeout: 20 })).rejects.toThrow(TimeoutError);
    await queue.put(1);
    await expect(queue.put(2, { timeout: 20 })).rejects.toThrow('put() timed out after 20 ms');
    expect([await queue.size(), await queue.get(), await queue.size()]).toEqual([1, 1, 0]);
    await expect(manager.event().wait({ timeout: 1 })).rejects.toThrow(TimeoutError);
    await expect(manager.semaphore(0).acquire({ timeout: 1 })).rejects.toThrow(TimeoutError);
    await expect(queue.join({ timeout: 1 })).rejects.toThrow(TimeoutError);
  });

  test('of 0 succeeds without a wait', async () => {
    const queue = manager.queue<number>();
    await queue.put(1);
    expect(await queue.get({ timeout: 0 })).toBe(1);
    await using guard = await manager.lock().acquire({ timeout: 0 });
    expect(guard).toBeDefined();
  });
});

describe('a signal', () => {
  test('that has already aborted rejects with its reason', async () => {
    const reason = new Error('too late');
    await expect(manager.queue().get({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('rejects with its reason, and the item goes to the next', async () => {
    const queue = manager.queue<number>();
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const given = queue.get({ signal: controller.signal });
    await queue.size();
    const next = queue.get();
    controller.abort(reason);
    await expect(given).rejects.toBe(reason);
    await queue.put(1);
    expect(await next).toBe(1);
  });

  test.each(['fifo', 'priority'] as const)(
    'that aborts while the item is on its way returns it to the front (%s)',
    async (order) => {
      const queue = manager.queue<number>({ order });
      for (const item of [1, 2, 3]) await queue.put(item);
      const controller = new AbortController();
      const given = queue.get({ signal: controller.signal });
      // The server answers before it reads the cancellation.
      setImmediate(() => controller.abort());
      const first = await given.catch(nameOf);
      const rest = await Promise.all([queue.get(), queue.get(), ...(first === 1 ? [] : [queue.get()])]);
      expect(rest).toEqual(first === 1 ? [2, 3] : [1, 2, 3]);
    },
  );

  test('that aborts after the item was put lets put() resolve', async () => {
    const queue = manager.queue<number>();
    const controller = new AbortController();
    const put = queue.put(1, { signal: controller.signal });
    // The call is sent, and not answered in this turn.
    controller.abort();
    await put;
    expect(await queue.get()).toBe(1);
  });

  test('that aborts before the item was put leaves no item behind', async () => {
    const queue = manager.queue<number>({ maxSize: 1 });
    await queue.put(1);
    const controller = new AbortController();
    const put = queue.put(2, { signal: controller.signal });
    controller.abort(new Error('cancelled'));
    await expect(put).rejects.toThrow('cancelled');
    expect([await queue.get(), await queue.size()]).toEqual([1, 0]);
  });

  test('of several calls returns their items in their order', async () => {
    const [queue, controller] = [manager.queue<number>(), new AbortController()];
    for (const item of [1, 2, 3]) await queue.put(item);
    const given = [1, 2, 3].map(() => queue.get({ signal: controller.signal }));
    // The call is sent, and not answered in this turn.
    controller.abort();
    await Promise.allSettled(given);
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual([1, 2, 3]);
  });

  test('shared by many calls has one listener, and no listener once they are answered', async () => {
    const [queue, { signal }] = [manager.queue<number>(), new AbortController()];
    const given = Array.from({ length: 12 }, () => queue.get({ signal }));
    expect(getEventListeners(signal, 'abort').length).toBe(1);
    for (const item of given.keys()) await queue.put(item);
    await Promise.all(given);
    expect(getEventListeners(signal, 'abort').length).toBe(0);
  });

  test('never loses an item, a lock or a permit, at any moment it aborts', async () => {
    const queue = manager.queue<number>();
    const [lock, semaphore] = [manager.lock(), manager.semaphore(2, { bounded: true })];
    const seen: number[] = [];
    for (let item = 0; item < 150; item++) {
      const controller = new AbortController();
      const { signal } = controller;
      const calls = [queue.get({ signal }), lock.acquire({ signal }), semaphore.acquire({ signal })] as const;
      const put = queue.put(item);
      for (let turn = 0; turn < item % 7; turn++) await new Promise(setImmediate);
      controller.abort();
      const [got, guard, permit] = await Promise.allSettled(calls);
      await put;
      if (got.status === 'fulfilled') seen.push(got.value);
      for (const held of [guard, permit]) if (held.status === 'fulfilled') await held.value.release();
    }
    while (!(await queue.empty())) seen.push(await queue.get());
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, item) => item));
    expect([await lock.locked(), await semaphore.value()]).toEqual([false, 2]);
  });
});

describe('a queue', () => {
  test('has methods that do not wait', async () => {
    const queue = manager.queue<number>({ maxSize: 1 });
    await expect(queue.getNowait()).rejects.toThrow(QueueEmptyError);
    await queue.putNowait(1);
    await expect(queue.putNowait(2)).rejects.toThrow(QueueFullError);
    expect([await queue.full(), await queue.getNowait(), await queue.full()]).toEqual([true, 1, false]);
  });

  test('join() resolves once every item is done', async () => {
    const queue = manager.queue<number>();
    await queue.put(1);
    await queue.put(2);
    await other.apply(start, [queue, 'join', [], 'join', 'size']);
    await queue.get();
    await queue.taskDone();
    await expect(queue.join({ timeout: 1 })).rejects.toThrow(TimeoutError);
    await queue.get();
    await queue.taskDone();
    await other.apply(finish, ['join']);
    await expect(queue.taskDone()).rejects.toThrow('more times than items were put');
  });

  test('rejects waiting puts when it is closed, and still returns its items', async () => {
    const queue = manager.queue<number>({ maxSize: 1 });
    await queue.put(1);
    await other.apply(start, [queue, 'put', [2], 'put', 'size']);
    await queue.close();
    await expect(other.apply(finish, ['put'])).rejects.toThrow(QueueClosedError);
    await expect(queue.put(3)).rejects.toThrow(QueueClosedError);
    expect(await queue.get()).toBe(1);
    await expect(queue.get()).rejects.toThrow(QueueClosedError);
    await expect(queue.getNowait()).rejects.toThrow(QueueClosedError);
  });
});

describe('a queue of deliveries', () => {
  test('returns an item that was given back again, and not one that is done', async () => {
    const jobs = manager.queue<string>({ acknowledge: true });
    await jobs.put('a');
    await jobs.put('b');
    const first = await jobs.get();
    await first.giveBack();
    const again = await jobs.getNowait();
    expect([first.value, again.value]).toEqual(['a', 'a']);
    await again.done();
    await again.giveBack();
    expect((await jobs.get()).value).toBe('b');
    expect(await jobs.size()).toBe(0);
  });

  test('gets an item back when the work on it throws', async () => {
    const jobs = manager.queue<string>({ acknowledge: true });
    await jobs.put('a');
    const failing = async () => {
      await using delivery = await jobs.get();
      throw new Error(`cannot do ${delivery.value}`);
    };
    await expect(failing()).rejects.toThrow('cannot do a');
    expect(await jobs.size()).toBe(1);
  });

  test('ends only when all deliveries are done', async () => {
    const jobs = manager.queue<string>({ acknowledge: true });
    await jobs.put('a');
    const delivery = await jobs.get();
    await jobs.close();
    const next = jobs.get();
    await delivery.giveBack();
    const again = await next;
    const last = jobs.get();
    const joined = jobs.join();
    await again.done();
    await expect(last).rejects.toThrow(QueueClosedError);
    await joined;
  });
});

describe('a lock', () => {
  test('is released at the end of a scope, at the end of a body, and once by hand', async () => {
    const lock = manager.lock();
    {
      await using _guard = await lock.acquire();
      expect(await lock.locked()).toBe(true);
      expect(await lock.tryAcquire()).toBeUndefined();
    }
    await expect(lock.using(() => Promise.reject(new Error('inside')))).rejects.toThrow('inside');
    const guard = await lock.tryAcquire();
    await guard?.release();
    await guard?.release();
    expect(await lock.locked()).toBe(false);
    await expect(lock.release()).rejects.toThrow('release(): the lock is not held');
  });

  test('released by release() is not released again by its guard when another holds it', async () => {
    const lock = manager.lock();
    const guard = await lock.acquire();
    await other.apply(call, [lock, 'release']);
    await other.apply(call, [lock, 'acquire', [], 'guard']);
    await expect(guard.release()).rejects.toThrow('already released');
    expect(await lock.locked()).toBe(true);
    await other.apply(release, ['guard']);
  });

  test('that is reentrant can be acquired again by its own process only', async () => {
    const lock = manager.lock({ reentrant: true });
    await using _outer = await lock.acquire();
    {
      await using _inner = await lock.acquire();
      await expect(other.apply(call, [lock, 'release'])).rejects.toThrow('held by another process');
    }
    expect(await other.apply(call, [lock, 'tryAcquire'])).toBeUndefined();
  });
});

describe('a reentrant lock', () => {
  test('serves all calls of the process whose turn it is, even those behind others', async () => {
    const lock = manager.lock({ reentrant: true });
    await other.apply(call, [lock, 'acquire', [], 'held']);
    const first = lock.acquire();
    await lock.locked();
    await using third = new Pool({ processes: 1 });
    await third.apply(start, [lock, 'acquire', [], 'waits', 'locked']);
    const behind = lock.acquire();
    await lock.locked();
    await other.apply(release, ['held']);
    for (const guard of await Promise.all([first, behind])) await guard.release();
    expect(await third.apply(finish, ['waits'])).toBe('held');
  });
});

describe('a barrier', () => {
  test('returns a different number to each call, in every round', async () => {
    const barrier = manager.barrier(3);
    for (let round = 0; round < 2; round++) {
      const indexes = await Promise.all([barrier.wait(), barrier.wait(), other.apply(call, [barrier, 'wait'])]);
      expect(indexes.toSorted()).toEqual([0, 1, 2]);
    }
  });

  test('is broken by a timeout or an abort, until it is reset', async () => {
    const barrier = manager.barrier(3);
    const waiting = barrier.wait().catch(nameOf);
    await expect(barrier.wait({ timeout: 10 })).rejects.toThrow(TimeoutError);
    expect([await waiting, await barrier.broken()]).toEqual(['BrokenBarrierError', true]);
    await expect(barrier.wait()).rejects.toThrow(BrokenBarrierError);
    await barrier.reset();
    const controller = new AbortController();
    const others = [barrier.wait().catch(nameOf), barrier.wait({ signal: controller.signal }).catch(nameOf)];
    expect(await barrier.waiting()).toBe(2);
    controller.abort();
    expect(await Promise.all(others)).toEqual(['BrokenBarrierError', 'AbortError']);
    await barrier.reset();
    await barrier.abort();
    await expect(barrier.wait()).rejects.toThrow('the barrier is broken: it was aborted');
  });
});
