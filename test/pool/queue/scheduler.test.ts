import { Pool, type QueueId, RoundRobin, Scheduler } from 'aiomultiprocess';
import { failIfOdd } from '../../fixtures/pool/failing.js';
import { add, double, pidFor } from '../../fixtures/pool/tasks.js';

/** Assigns every task to one queue and records its calls. */
class Fixed extends Scheduler {
  readonly calls: string[] = [];
  readonly completed: number[] = [];
  readonly tasks: { id: number; fn: string; args: readonly unknown[] }[] = [];
  queues = 0;
  target: QueueId = 0;

  override registerQueue(): QueueId {
    this.calls.push('queue');
    return this.queues++;
  }

  override registerProcess(id: QueueId): void {
    this.calls.push(`process ${id}`);
  }

  override scheduleTask(id: number, fn: (...args: never[]) => unknown, args: readonly unknown[]): QueueId {
    this.tasks.push({ id, fn: fn.name, args });
    return this.target;
  }

  override completeTask(id: number): void {
    this.completed.push(id);
  }
}

/** Records the choices of a round robin. */
class Recording extends RoundRobin {
  readonly chosen: QueueId[] = [];

  override scheduleTask(...task: Parameters<RoundRobin['scheduleTask']>): QueueId {
    const id = super.scheduleTask(...task);
    this.chosen.push(id);
    return id;
  }
}

const tenItems = Array.from({ length: 10 }, (_, index) => index);

test('a scheduler receives queues and processes, then each task and its end', async () => {
  const scheduler = new Fixed();
  await Pool.using({ processes: 3, queueCount: 2, scheduler }, async (pool) => {
    expect(scheduler.calls).toEqual(['queue', 'queue', 'process 0', 'process 1', 'process 0']);
    await pool.apply(add, [1, 2]);
    await pool.map(failIfOdd, [2, 3]).settled();
  });
  expect(scheduler.tasks.map(({ fn, args }) => ({ fn, args }))).toEqual([
    { fn: 'add', args: [1, 2] },
    { fn: 'failIfOdd', args: [2] },
    { fn: 'failIfOdd', args: [3] },
  ]);
  const ids = scheduler.tasks.map(({ id }) => id);
  expect(new Set(ids).size).toBe(3);
  expect(scheduler.completed.toSorted()).toEqual(ids.toSorted());
});

test('a process runs only the tasks of its own queue', async () => {
  const scheduler = new Fixed();
  await Pool.using({ processes: 2, queueCount: 2, scheduler }, async (pool) => {
    const first = new Set(await pool.map(pidFor, tenItems));
    scheduler.target = 1;
    const second = new Set(await pool.map(pidFor, tenItems));
    expect([first.size, second.size]).toEqual([1, 1]);
    expect([...first][0]).not.toBe([...second][0]);
  });
});

test('RoundRobin takes queues in turn, each once per process', async () => {
  const scheduler = new Recording();
  await Pool.using({ processes: 3, queueCount: 2, scheduler }, async (pool) => {
    await pool.map(double, [1, 2, 3, 4, 5, 6]);
  });
  expect(scheduler.chosen.toSorted()).toEqual([0, 0, 0, 0, 1, 1]);
  expect(scheduler.chosen.slice(0, 3).toSorted()).toEqual([0, 0, 1]);
});

test('RoundRobin uses all queues if there are as many as processes', () =>
  Pool.using({ processes: 2, queueCount: 2 }, async (pool) => {
    expect(new Set(await pool.map(pidFor, tenItems)).size).toBe(2);
  }));

test('a replacement process serves the same queue', async () => {
  const scheduler = new Fixed();
  await Pool.using({ processes: 2, queueCount: 2, maxTasksPerChild: 1, scheduler }, async (pool) => {
    expect(new Set(await pool.map(pidFor, [1, 2, 3])).size).toBe(3);
    expect(scheduler.calls).toEqual(['queue', 'queue', 'process 0', 'process 1']);
  });
});

test('a scheduler that returns an unregistered queue id rejects the task, and the pool still ends', async () => {
  const scheduler = new Fixed();
  scheduler.target = 7;
  const pool = new Pool({ processes: 1, scheduler });
  await expect(pool.apply(double, [1])).rejects.toThrow('returned 7, which is not a registered queue id');
  await expect(pool.map(double, [1, 2])).rejects.toThrow('returned 7, which is not a registered queue id');
  await expect(pool.map(double, new Set([1]))).rejects.toThrow('returned 7, which is not a registered queue id');
  pool.close();
  await pool.join();
});
