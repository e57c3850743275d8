import { once } from 'node:events';
import { Pool, type PoolOptions } from 'aiomultiprocess';
import { throwRangeError } from '../fixtures/pool/failing.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { succeedAt } from '../fixtures/pool/limited.js';
import { add, double, pid, spin } from '../fixtures/pool/tasks.js';
import { withGate } from '../support/gate.ts';

const NAMES = [
  'processStarted',
  'processReady',
  'processRecycled',
  'processExited',
  'taskQueued',
  'taskStarted',
  'taskRetried',
  'taskSucceeded',
  'taskFailed',
  'taskCancelled',
] as const;

interface Told {
  event: (typeof NAMES)[number];
  info: Record<string, unknown>;
}

/** Records the events of a pool. */
function listenTo(pool: Pool): Told[] {
  const told: Told[] = [];
  for (const event of NAMES) {
    pool.on(event, ((info: Told['info']) => told.push({ event, info })) as never);
  }
  return told;
}

/** The events of a pool, from its creation to its end. */
async function follow(options: PoolOptions, body: (pool: Pool) => Promise<unknown>): Promise<Told[]> {
  const pool = new Pool({ processes: 1, ...options });
  const told = listenTo(pool);
  try {
    await body(pool);
  } finally {
    pool.close();
    await pool.join();
  }
  return told;
}

const namesOf = (told: Told[], prefix = '') => told.map(({ event }) => event).filter((name) => name.startsWith(prefix));
const infosOf = (told: Told[], event: Told['event']) =>
  told.filter((each) => each.event === event).map(({ info }) => info);

test('a process emits processStarted, processReady and processExited', async () => {
  const told = await follow({}, (pool) => pool.apply(pid));
  expect(namesOf(told, 'process')).toEqual(['processStarted', 'processReady', 'processExited']);
  const [started, ready, exited] = told.filter(({ event }) => event.startsWith('process')).map(({ info }) => info);
  expect(started).toEqual({ pid: expect.any(Number), place: 0 });
  expect(ready).toEqual({ ...started, startUpTime: expect.any(Number), initTime: expect.any(Number) });
  expect(exited).toEqual({ ...started, reason: 'closed', exitCode: 0, signal: null });
});

test('processReady reports the time of the initializer apart from the start-up time', async () => {
  const told = await follow({ initializer: spin, initargs: [60] }, (pool) => pool.apply(pid));
  const [ready] = infosOf(told, 'processReady');
  expect(ready?.initTime).toBeGreaterThanOrEqual(60);
  expect(ready?.startUpTime).toBeGreaterThan(0);
});

test('a process that reaches maxTasksPerChild is recycled, and its replacement has the same place', async () => {
  const told = await follow({ maxTasksPerChild: 2 }, async (pool) => void (await pool.map(double, [1, 2, 3])));
  const [recycled] = infosOf(told, 'processRecycled');
  const [first, second] = infosOf(told, 'processStarted');
  expect(recycled).toEqual({ ...first, reason: 'maxTasksPerChild' });
  expect(second?.place).toBe(0);
  expect(infosOf(told, 'processExited').find((info) => info.pid === first?.pid)?.reason).toBe('recycled');
});

test('processExited reports a killed process as failed, with the signal', async () => {
  const told = await follow({}, async (pool) => {
    const victim = await pool.apply(pid);
    const exited = once(asEmitter(pool), 'processExited');
    process.kill(victim, 'SIGKILL');
    await exited;
  });
  expect(infosOf(told, 'processExited')[0]).toMatchObject({ reason: 'failed', exitCode: null, signal: 'SIGKILL' });
});

test('processExited reports that terminate() ended the process', async () => {
  const pool = new Pool({ processes: 1 });
  const told = listenTo(pool);
  await pool.ready();
  pool.terminate();
  await pool.join();
  expect(infosOf(told, 'processExited')[0]).toMatchObject({ reason: 'terminated' });
});

test('processExited reports that the process was idle', async () => {
  const told = await follow({ minProcesses: 0, idleTimeout: 20 }, async (pool) => {
    const exited = once(asEmitter(pool), 'processExited');
    await pool.apply(pid);
    await exited;
  });
  expect(infosOf(told, 'processExited')[0]).toMatchObject({ reason: 'idle', exitCode: 0 });
});

test('processExited reports the error of a failed initializer', async () => {
  const pool = new Pool({ processes: 1, initializer: throwRangeError });
  const told = listenTo(pool);
  await expect(pool.ready()).rejects.toThrow('could not be made ready');
  pool.terminate();
  await pool.join();
  expect(infosOf(told, 'processExited')[0]).toMatchObject({ reason: 'failed', error: new RangeError('out of range') });
});

test('a successful task emits taskQueued, taskStarted and taskSucceeded', async () => {
  const told = await follow({}, (pool) => pool.apply(add, [1, 2]));
  const task = { id: 1, task: 'add', args: [1, 2], attempt: 1 };
  const [process] = infosOf(told, 'processStarted');
  expect(told.filter(({ event }) => event.startsWith('task'))).toEqual([
    { event: 'taskQueued', info: task },
    { event: 'taskStarted', info: { ...task, ...process, waitTime: expect.any(Number) } },
    {
      event: 'taskSucceeded',
      info: {
        ...task,
        ...process,
        waitTime: expect.any(Number),
        startTime: expect.any(Number),
        runTime: expect.any(Number),
      },
    },
  ]);
});

test('the items of a map and the calls of a broadcast emit task events', async () => {
  const told = await follow({ processes: 2 }, async (pool) => {
    await pool.map(double, [1, 2, 3]);
    await pool.ready();
    await pool.broadcast(pid);
  });
  expect(infosOf(told, 'taskQueued').map(({ task }) => task)).toEqual(['double', 'double', 'double', 'pid', 'pid']);
  expect(infosOf(told, 'taskSucceeded')).toHaveLength(5);
});

test('taskFailed reports the error of the task', async () => {
  const told = await follow({}, (pool) => expect(pool.apply(throwRangeError)).rejects.toThrow());
  expect(namesOf(told, 'task')).toEqual(['taskQueued', 'taskStarted', 'taskFailed']);
  expect(infosOf(told, 'taskFailed')[0]).toMatchObject({
    task: 'throwRangeError',
    error: expect.any(RangeError),
    runTime: expect.any(Number),
  });
});

test('a retried task continues under a new id', async () => {
  const told = await follow({}, (pool) => pool.apply(succeedAt, [2], { retries: 2 }));
  expect(namesOf(told, 'task')).toEqual([
    'taskQueued',
    'taskStarted',
    'taskRetried',
    'taskQueued',
    'taskStarted',
    'taskSucceeded',
  ]);
  const [retried] = infosOf(told, 'taskRetried');
  const [succeeded] = infosOf(told, 'taskSucceeded');
  expect(retried).toMatchObject({ id: 1, attempt: 1, error: expect.any(Error) });
  expect(succeeded).toMatchObject({ id: retried?.nextId, attempt: 2 });
});

test('a cancelled task emits taskCancelled, whether it is running or queued', () =>
  withGate(async (gate) => {
    const told = await follow({ childConcurrency: 1, cancelGracePeriod: 10 }, async (pool) => {
      const controller = new AbortController();
      const calls = [1, 2].map(() => pool.apply(waitAt, [gate.port], { signal: controller.signal }));
      const settled = Promise.allSettled(calls);
      await gate.arrived(1);
      controller.abort(new Error('enough'));
      await settled;
    });
    const cancelled = infosOf(told, 'taskCancelled');
    expect(cancelled).toHaveLength(2);
    const [running, waiting] = [1, 2].map((id) => cancelled.find((info) => info.id === id));
    expect(running).toMatchObject({ reason: new Error('enough'), pid: expect.any(Number) });
    expect(waiting).toEqual({ id: 2, task: 'waitAt', args: [gate.port], attempt: 1, reason: new Error('enough') });
    expect(infosOf(told, 'processExited')[0]).toMatchObject({ reason: 'cancelled', signal: 'SIGKILL' });
  }));

test('a task that is cancelled between two attempts counts as queued, and emits taskQueued before taskCancelled', async () => {
  const told = await follow({}, async (pool) => {
    const controller = new AbortController();
    const retried = once(pool as never, 'taskRetried');
    const call = pool.apply(throwRangeError, ['x'], { retries: 1, signal: controller.signal });
    await retried;
    expect(pool.stats()).toMatchObject({ queued: 1, running: 0 });
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    expect(pool.stats()).toMatchObject({ queued: 0, running: 0 });
  });
  expect(namesOf(told, 'task')).toEqual(['taskQueued', 'taskStarted', 'taskRetried', 'taskQueued', 'taskCancelled']);
  const [, queued] = infosOf(told, 'taskQueued');
  const [cancelled] = infosOf(told, 'taskCancelled');
  expect(cancelled).toMatchObject({ id: queued?.id, attempt: 2 });
});

test('each queued task emits exactly one event for its end', async () => {
  const pool = new Pool({ processes: 2, childConcurrency: 2 });
  const told = listenTo(pool);
  const settled = Promise.all([
    pool.map(double, Array(50).fill(1)).settled(),
    pool
      .map(throwRangeError, Array(20).fill('x'), { retries: 1 })
      .settled()
      .catch(() => {}),
    Promise.allSettled(Array.from({ length: 20 }, () => pool.apply(spin, [5]))),
  ]);
  await once(asEmitter(pool), 'taskRetried');
  pool.terminate();
  await settled.catch(() => {});
  await pool.join();
  const queued = infosOf(told, 'taskQueued').map(({ id }) => id);
  const ends = (['taskSucceeded', 'taskFailed', 'taskRetried', 'taskCancelled'] as const)
    .flatMap((event) => infosOf(told, event))
    .map(({ id }) => id);
  expect(ends).toEqual([...new Set(ends)]);
  // A task that waits for its next attempt when the pool is terminated ends without being queued again.
  expect(ends).toEqual(expect.arrayContaining(queued));
});

test('times are measured in the process, not at the pipe', async () => {
  const told = await follow({}, async (pool) => {
    await pool.ready();
    await Promise.all([1, 2, 3, 4].map(() => pool.apply(spin, [50])));
  });
  const ended = infosOf(told, 'taskSucceeded') as { waitTime: number; runTime: number }[];
  // They were sent together and block each other.
  for (const { runTime } of ended) expect(runTime).toBeLessThan(140);
  expect(Math.max(...ended.map(({ waitTime }) => waitTime))).toBeGreaterThanOrEqual(140);
});

test('on() listens from then on, once() for one event, and off() removes a listener', async () => {
  const heard: string[] = [];
  const listener = ({ args }: { args: readonly unknown[] }) => heard.push(`on ${args[0]}`);
  await Pool.using({ processes: 1 }, async (pool) => {
    await pool.apply(double, [1]);
    pool.on('taskSucceeded', listener).once('taskSucceeded', ({ args }) => heard.push(`once ${args[0]}`));
    await pool.apply(double, [2]);
    await pool.apply(double, [3]);
    pool.off('taskSucceeded', listener);
    await pool.apply(double, [4]);
  });
  expect(heard).toEqual(['on 2', 'once 2', 'on 3']);
});

/** Adapts a pool to `once()` of node:events. */
function asEmitter(pool: Pool): NodeJS.EventEmitter {
  const emitter = { once: pool.once.bind(pool), on: pool.on.bind(pool), removeListener: pool.off.bind(pool) };
  return emitter as unknown as NodeJS.EventEmitter;
}
