import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, tracingChannel } from 'node:diagnostics_channel';
import { Pool, type TaskTrace } from 'aiomultiprocess';
import {
  readRequest,
  readRequestFor,
  readRequestInRun,
  reportAndFail,
  request,
  runWithRequest,
  streamRequests,
} from '../fixtures/observe/context.js';
import { throwRangeError } from '../fixtures/pool/failing.js';
import { succeedAt } from '../fixtures/pool/limited.js';
import { add, double, pid } from '../fixtures/pool/tasks.js';
import { createPool } from '../support/pool.ts';

const contextPropagation = { capture: () => request.getStore(), run: runWithRequest };
const traced = tracingChannel<string, TaskTrace>('aiomultiprocess:task');
const STEPS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;

interface Step {
  step: string;
  trace: TaskTrace;
  request: string | undefined;
}

/** The messages of the tracing channel while the body runs. */
async function traceAll(body: () => Promise<unknown>): Promise<Step[]> {
  const steps: Step[] = [];
  const subscribers = Object.fromEntries(
    STEPS.map((step) => [step, (trace: TaskTrace) => steps.push({ step, trace, request: request.getStore() })]),
  ) as unknown as Parameters<typeof traced.subscribe>[0];
  traced.subscribe(subscribers);
  try {
    await body();
  } finally {
    traced.unsubscribe(subscribers);
  }
  return steps;
}

describe('the tracing channel', () => {
  const pool = createPool({ processes: 1, name: 'traced' });

  test('publishes one object from the start of a task to its end', async () => {
    const steps = await traceAll(() => pool.apply(add, [1, 2]));
    expect(steps.map(({ step }) => step)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    const [first] = steps;
    for (const { trace } of steps) expect(trace).toBe(first?.trace);
    expect(first?.trace).toEqual({
      pool: 'traced',
      id: expect.any(Number),
      task: 'add',
      args: [1, 2],
      attempt: 1,
      pid: await pool.apply(pid),
      result: 3,
    });
  });

  test('publishes an error before the end', async () => {
    const steps = await traceAll(() => expect(pool.apply(throwRangeError)).rejects.toThrow(RangeError));
    expect(steps.map(({ step }) => step)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    expect(steps[0]?.trace.error).toBeInstanceOf(RangeError);
  });

  test('publishes all attempts of a task as one trace', async () => {
    const steps = await traceAll(() => pool.apply(succeedAt, [2], { retries: 1 }));
    expect(steps.map(({ step }) => step)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(steps[0]?.trace.attempt).toBe(2);
  });

  test('publishes each item of a map', async () => {
    const steps = await traceAll(async () => void (await pool.map(double, [1, 2, 3])));
    const ends = steps.filter(({ step }) => step === 'asyncEnd');
    expect(ends.map(({ trace }) => trace.result).sort()).toEqual([2, 4, 6]);
  });

  test('runs its subscribers in the context of the caller', async () => {
    const steps = await traceAll(() =>
      Promise.all([
        request.run('one', () => pool.apply(double, [1])),
        request.run('two', () => pool.map(double, [2, 3]).then(() => {})),
      ]),
    );
    for (const { trace, request: seen } of steps) expect(seen).toBe(trace.args[0] === 1 ? 'one' : 'two');
    expect(steps).toHaveLength(12);
  });

  test('carries a store bound to its start through to the end', async () => {
    const spans = new AsyncLocalStorage<string>();
    traced.start.bindStore(spans, (trace) => `span of ${(trace as TaskTrace).args[0]}`);
    const seen: unknown[] = [];
    const subscribers = { asyncEnd: () => seen.push(spans.getStore()) } as never;
    traced.subscribe(subscribers);
    await pool.apply(double, [7]);
    traced.unsubscribe(subscribers);
    traced.start.unbindStore(spans);
    expect(seen).toEqual(['span of 7']);
  });
});

test('channels publish the events of processes', async () => {
  const told: unknown[] = [];
  const subscriber = (message: unknown, name: string | symbol) => {
    if ((message as { pool: string }).pool === 'told') told.push([name, message]);
  };
  const channels = ['started', 'ready', 'exited'].map((event) => channel(`aiomultiprocess:process:${event}`));
  for (const each of channels) each.subscribe(subscriber);
  await Pool.using({ processes: 1, name: 'told' }, (pool) => pool.ready());
  for (const each of channels) each.unsubscribe(subscriber);
  expect(told).toEqual([
    ['aiomultiprocess:process:started', { pool: 'told', place: 0, pid: expect.any(Number) }],
    ['aiomultiprocess:process:ready', expect.objectContaining({ pool: 'told', initTime: expect.any(Number) })],
    ['aiomultiprocess:process:exited', expect.objectContaining({ pool: 'told', reason: 'terminated' })],
  ]);
});

describe('listeners', () => {
  const pool = createPool({ processes: 1 });

  test('of a call and of its task run in the context of the caller', async () => {
    const seen: unknown[] = [];
    const note = () => seen.push(request.getStore());
    pool.on('taskFailed', note);
    await Promise.allSettled(
      ['one', 'two'].map((id) => request.run(id, () => pool.apply(reportAndFail, [], { onProgress: note }))),
    );
    pool.off('taskFailed', note);
    expect(seen.sort()).toEqual(['one', 'one', 'two', 'two']);
  });
});

describe('contextPropagation', () => {
  const pool = createPool({ processes: 1, contextPropagation });

  test('propagates the value of the caller into its task', async () => {
    const calls = ['one', 'two'].map((id) => request.run(id, () => pool.apply(readRequest)));
    expect(await Promise.all(calls)).toEqual([
      ['one', 'one'],
      ['two', 'two'],
    ]);
  });

  test('propagates undefined if the caller has no value', async () => {
    expect(await pool.apply(readRequest)).toEqual([undefined, undefined]);
  });

  test('reaches the items of a map, a stream, a broadcast and a retry', async () => {
    const found = await request.run('all', async () => {
      const streamed: unknown[] = [];
      for await (const id of pool.stream(streamRequests)) streamed.push(id);
      return [
        ...(await pool.map(readRequestFor, [1, 2])),
        ...streamed,
        ...(await pool.broadcast(readRequest)).flat(),
        await pool.apply(readRequestInRun, [2], { retries: 1 }),
      ];
    });
    expect(found).toEqual(Array(7).fill('all'));
  });

  test('propagates a value that a tracer has set', async () => {
    traced.start.bindStore(request, (trace) => `span ${(trace as TaskTrace).task}`);
    const subscribers = { start() {} } as never;
    traced.subscribe(subscribers);
    const found = await pool.map(readRequestFor, [1]);
    traced.unsubscribe(subscribers);
    traced.start.unbindStore(request);
    expect(found).toEqual(['span readRequestFor']);
  });

  test('with a value that cannot be serialized fails only its call', async () => {
    const unsendable = { capture: () => request.getStore() && (() => {}), run: runWithRequest };
    await Pool.using({ processes: 1, contextPropagation: unsendable }, async (other) => {
      await expect(request.run('x', () => other.apply(double, [1]))).rejects.toThrow('context cannot be sent');
      expect(await other.apply(double, [2])).toBe(4);
    });
  });

  test('is validated when the pool is created', () => {
    expect(() => new Pool({ contextPropagation: { capture() {} } as never })).toThrow(
      'Pool: option "contextPropagation": expected an object with the functions "capture" and "run"',
    );
    const closure = {
      capture: () => 1,
      run: (
        (id: string) => () =>
          id
      )('x') as never,
    };
    expect(() => new Pool({ contextPropagation: closure })).toThrow('contextPropagation.run');
  });
});
