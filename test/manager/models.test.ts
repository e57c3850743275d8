/**
 * Compares every type with a simple model of it, from three processes. Calls are made one after another, and waiting
 * calls are answered in their order.
 */

import { inspect } from 'node:util';
import type { Manager } from 'aiomultiprocess';
import fc from 'fast-check';
import { call, finish, release, start } from '../fixtures/manager/clients.js';
import { createManager } from '../support/manager.ts';
import { createPool } from '../support/pool.ts';

const manager = createManager();
const pools = [createPool({ processes: 1 }), createPool({ processes: 1 })];

/** This process, or the process of one of the pools. An answer is a value or the name of an error; a guard is 'held'. */
interface Client {
  call(object: object, method: string, args: unknown[], ticket: number): Promise<unknown>;
  /** Starts a call that will wait. */
  start(object: object, method: string, args: unknown[], ticket: number, probe: string): Promise<unknown>;
  finish(ticket: number): Promise<unknown>;
  release(ticket: number, how: string): Promise<unknown>;
}

const run = { call, start, finish, release } as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
const here = Object.fromEntries(
  Object.entries(run).map(([name, fn]) => [name, (...args: unknown[]) => settle(fn(...args))]),
);
const remote = pools.map((pool) =>
  Object.fromEntries(
    Object.entries(run).map(([name, fn]) => [name, (...args: unknown[]) => settle(pool.apply(fn, args))]),
  ),
);
const clients = [here, ...remote] as unknown as Client[];
const client = fc.constantFrom(0, 1, 2);

async function settle(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: Error) => error.name);
}

/** The object under test. */
interface Real {
  object: object;
  tickets: number;
}

/** One step, applied to the model and to the object. */
class Step<Model extends object> implements fc.AsyncCommand<Model, Real> {
  readonly #text: string;
  readonly #run: (model: Model, real: Real) => Promise<void>;

  constructor(text: string, run: (model: Model, real: Real) => Promise<void>) {
    this.#text = text;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, real: Real): Promise<void> {
    return this.#run(model, real);
  }

  toString(): string {
    return this.#text;
  }
}

async function check<Model extends object>(
  create: (of: Manager) => { object: object; model: Model },
  steps: fc.Arbitrary<Step<Model>>[],
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 40 }), async (commands) => {
      const { object, model } = create(manager);
      await fc.asyncModelRun(() => ({ model, real: { object, tickets: 0 } }), commands);
    }),
    { numRuns: 25 },
  );
}

/** A step that calls a method of the object, and compares the answer with the model's. */
function simple<Model extends object>(
  method: string,
  args: fc.Arbitrary<unknown[]>,
  expected: (model: Model, args: unknown[]) => unknown,
) {
  return fc.tuple(client, args).map(
    ([who, given]) =>
      new Step<Model>(`${who}.${method}(${inspect(given)})`, async (model, real) => {
        const wanted = attempt(() => expected(model, structuredClone(given)));
        expect(await (clients[who] as Client).call(real.object, method, given, ++real.tickets)).toEqual(wanted);
      }),
  );
}

function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return (error as Error).name;
  }
}

const none = fc.constant<unknown[]>([]);
const item = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.record({ id: fc.nat(), tags: fc.array(fc.string(), { maxLength: 2 }) }),
);
const index = fc.integer({ min: -4, max: 6 });

/** A waiting call: its client and its ticket. */
interface Waiter {
  who: number;
  ticket: number;
}

/** Expects the answer of a waiting call now. */
async function expectAnswer({ who, ticket }: Waiter, answer: unknown): Promise<void> {
  expect(await (clients[who] as Client).finish(ticket)).toEqual(answer);
}

const named = (name: string): never => {
  throw Object.assign(new Error(), { name });
};

test('a list behaves like its model', async () => {
  type Model = { items: unknown[] };
  const step = simple<Model>;
  await check<Model>(
    (of) => ({ object: of.list(), model: { items: [] } }),
    [
      step('push', fc.array(item, { maxLength: 3 }), ({ items }, given) => items.push(...given)),
      step('unshift', fc.array(item, { maxLength: 3 }), ({ items }, given) => items.unshift(...given)),
      step('pop', none, ({ items }) => items.pop()),
      step('shift', none, ({ items }) => items.shift()),
      step('size', none, ({ items }) => items.length),
      step('get', fc.tuple(index), ({ items }, [at]) => items.at(at as number)),
      step('slice', fc.oneof(none, fc.tuple(index), fc.tuple(index, index)), ({ items }, args) =>
        items.slice(...(args as [number, number])),
      ),
      step('splice', fc.tuple(index, fc.nat(3), item), ({ items }, [at, count, added]) =>
        items.splice(at as number, count as number, added),
      ),
      step('set', fc.tuple(index, item), ({ items }, [at, value]) => {
        const place = (at as number) < 0 ? items.length + (at as number) : (at as number);
        if (!(place in items)) named('RangeError');
        items[place] = value;
      }),
    ],
  );
});

test('a map behaves like its model', async () => {
  type Model = { map: Map<unknown, unknown> };
  const step = simple<Model>;
  const key = fc.constantFrom<unknown>('a', 'b', 1, '1', null, Number.NaN, -0, 2n);
  await check<Model>(
    (of) => ({ object: of.map([['a', 1 as unknown]]), model: { map: new Map<unknown, unknown>([['a', 1]]) } }),
    [
      step('get', fc.tuple(key), ({ map }, [at]) => map.get(at)),
      step('set', fc.tuple(key, item), ({ map }, [at, value]) => void map.set(at, value)),
      step('has', fc.tuple(key), ({ map }, [at]) => map.has(at)),
      step('delete', fc.tuple(key), ({ map }, [at]) => map.delete(at)),
      step('size', none, ({ map }) => map.size),
      step('keys', none, ({ map }) => [...map.keys()]),
      step('values', none, ({ map }) => [...map.values()]),
      step('entries', none, ({ map }) => [...map]),
      step('clear', none, ({ map }) => map.clear()),
      step('increment', fc.tuple(key, fc.integer()), ({ map }, [at, by]) => {
        const value = map.get(at);
        if (map.has(at) && typeof value !== 'number') named('TypeError');
        map.set(at, ((value as number) ?? 0) + (by as number));
        return map.get(at);
      }),
    ],
  );
});

test('a value behaves like its model', async () => {
  type Model = { value: unknown };
  const step = simple<Model>;
  await check<Model>(
    (of) => ({ object: of.value<unknown>(0), model: { value: 0 } }),
    [
      step('get', none, ({ value }) => value),
      step('set', fc.tuple(item), (model, [value]) => {
        model.value = value;
      }),
      step('increment', fc.tuple(fc.integer()), (model, [by]) => {
        if (typeof model.value !== 'number') named('TypeError');
        model.value = (model.value as number) + (by as number);
        return model.value;
      }),
    ],
  );
});

test('an event behaves like its model', async () => {
  type Model = { isSet: boolean; waiting: Waiter[] };
  const step = simple<Model>;
  const wait = client.map(
    (who) =>
      new Step<Model>(`${who}.wait()`, async (model, real) => {
        const ticket = ++real.tickets;
        await (clients[who] as Client).start(real.object, 'wait', [], ticket, 'isSet');
        if (model.isSet) await expectAnswer({ who, ticket }, undefined);
        else model.waiting.push({ who, ticket });
      }),
  );
  const set = client.map(
    (who) =>
      new Step<Model>(`${who}.set()`, async (model, real) => {
        await (clients[who] as Client).call(real.object, 'set', [], ++real.tickets);
        model.isSet = true;
        for (const waiter of model.waiting.splice(0)) await expectAnswer(waiter, undefined);
      }),
  );
  const clear = step('clear', none, (model) => {
    model.isSet = false;
  });
  await check<Model>(
    (of) => ({ object: of.event(), model: { isSet: false, waiting: [] } }),
    [wait, set, clear, step('isSet', none, ({ isSet }) => isSet)],
  );
});

describe.each(['fifo', 'lifo', 'priority'] as const)('a queue (%s)', (order) => {
  type Item = { item: unknown; priority: number };
  type Model = { items: Item[]; getters: Waiter[]; putters: (Waiter & Item)[]; closed: boolean };
  const MAX = 3;
  const step = simple<Model>;

  function take(model: Model): unknown {
    const highest = Math.max(...model.items.map(({ priority }) => priority));
    const at = {
      fifo: 0,
      lifo: model.items.length - 1,
      priority: model.items.findIndex((one) => one.priority === highest),
    };
    return model.items.splice(at[order], 1)[0]?.item;
  }

  async function admit(model: Model): Promise<void> {
    const putter = model.putters.shift();
    if (putter === undefined) return;
    model.items.push(putter);
    await expectAnswer(putter, undefined);
  }

  const put = fc.tuple(client, item, fc.nat(2)).map(
    ([who, value, priority]) =>
      new Step<Model>(`${who}.put(${inspect(value)}, ${priority})`, async (model, real) => {
        const ticket = ++real.tickets;
        const args = [value, { priority }];
        if (model.closed) {
          expect(await (clients[who] as Client).call(real.object, 'put', args, ticket)).toBe('QueueClosedError');
          return;
        }
        await (clients[who] as Client).start(real.object, 'put', args, ticket, 'size');
        const getter = model.getters.shift();
        if (getter === undefined && model.items.length === MAX) {
          model.putters.push({ who, ticket, item: value, priority });
          return;
        }
        await expectAnswer({ who, ticket }, undefined);
        if (getter === undefined) model.items.push({ item: value, priority });
        else await expectAnswer(getter, value);
      }),
  );

  const get = client.map(
    (who) =>
      new Step<Model>(`${who}.get()`, async (model, real) => {
        const ticket = ++real.tickets;
        await (clients[who] as Client).start(real.object, 'get', [], ticket, 'size');
        if (model.items.length > 0) {
          await expectAnswer({ who, ticket }, take(model));
          await admit(model);
        } else if (model.closed) await expectAnswer({ who, ticket }, 'QueueClosedError');
        else model.getters.push({ who, ticket });
      }),
  );

  const close = client.map(
    (who) =>
      new Step<Model>(`${who}.close()`, async (model, real) => {
        await (clients[who] as Client).call(real.object, 'close', [], ++real.tickets);
        model.closed = true;
        for (const waiter of [...model.getters.splice(0), ...model.putters.splice(0)]) {
          await expectAnswer(waiter, 'QueueClosedError');
        }
      }),
  );

  const getNowait = client.map(
    (who) =>
      new Step<Model>(`${who}.getNowait()`, async (model, real) => {
        const isEmpty = model.items.length === 0;
        const wanted = isEmpty ? (model.closed ? 'QueueClosedError' : 'QueueEmptyError') : take(model);
        expect(await (clients[who] as Client).call(real.object, 'getNowait', [], ++real.tickets)).toEqual(wanted);
        if (!isEmpty) await admit(model);
      }),
  );
  const closeRarely = fc.oneof({ arbitrary: close, weight: 1 }, { arbitrary: get, weight: 9 });

  test('behaves like its model', async () => {
    await check<Model>(
      (of) => ({
        object: of.queue({ maxSize: MAX, order }),
        model: { items: [], getters: [], putters: [], closed: false },
      }),
      [
        put,
        put,
        get,
        get,
        step('size', none, ({ items }) => items.length),
        step('full', none, ({ items }) => items.length === MAX),
        step('empty', none, ({ items }) => items.length === 0),
        getNowait,
        closeRarely,
      ],
    );
  });
});

describe.each([false, true])('a lock (reentrant: %s)', (reentrant) => {
  type Model = { holder: number | undefined; tickets: number[]; waiting: Waiter[] };

  /** Hands the free lock to the first waiting call; a reentrant lock also to other waiting calls of the same process. */
  async function pass(model: Model): Promise<void> {
    const [first] = model.waiting;
    model.holder = first?.who;
    const served = reentrant ? model.waiting.filter(({ who }) => who === first?.who) : model.waiting.slice(0, 1);
    model.waiting = model.waiting.filter((waiter) => !served.includes(waiter));
    for (const waiter of served) {
      model.tickets.push(waiter.ticket);
      await expectAnswer(waiter, 'held');
    }
  }

  const acquire = client.map(
    (who) =>
      new Step<Model>(`${who}.acquire()`, async (model, real) => {
        const ticket = ++real.tickets;
        await (clients[who] as Client).start(real.object, 'acquire', [], ticket, 'locked');
        if (model.holder !== undefined && !(reentrant && model.holder === who)) {
          model.waiting.push({ who, ticket });
          return;
        }
        model.holder = who;
        model.tickets.push(ticket);
        await expectAnswer({ who, ticket }, 'held');
      }),
  );

  const releaseOne = fc.constant(
    new Step<Model>('release()', async (model) => {
      const ticket = model.tickets.shift();
      if (ticket === undefined) return;
      await (clients[model.holder as number] as Client).release(ticket, 'release');
      if (model.tickets.length === 0) await pass(model);
    }),
  );

  test('behaves like its model', async () => {
    await check<Model>(
      (of) => ({ object: of.lock({ reentrant }), model: { holder: undefined, tickets: [], waiting: [] } }),
      [acquire, acquire, releaseOne, simple<Model>('locked', none, ({ holder }) => holder !== undefined)],
    );
  });
});

test('a semaphore behaves like its model', async () => {
  type Model = { free: number; held: Waiter[]; waiting: Waiter[] };
  const acquire = client.map(
    (who) =>
      new Step<Model>(`${who}.acquire()`, async (model, real) => {
        const ticket = ++real.tickets;
        await (clients[who] as Client).start(real.object, 'acquire', [], ticket, 'value');
        if (model.free === 0) {
          model.waiting.push({ who, ticket });
          return;
        }
        model.free--;
        model.held.push({ who, ticket });
        await expectAnswer({ who, ticket }, 'held');
      }),
  );
  const releaseOne = fc.constant(
    new Step<Model>('release()', async (model) => {
      const held = model.held.shift();
      if (held === undefined) return;
      await (clients[held.who] as Client).release(held.ticket, 'release');
      const next = model.waiting.shift();
      if (next === undefined) {
        model.free++;
        return;
      }
      model.held.push(next);
      await expectAnswer(next, 'held');
    }),
  );
  await check<Model>(
    (of) => ({ object: of.semaphore(2, { bounded: true }), model: { free: 2, held: [], waiting: [] } }),
    [acquire, acquire, releaseOne, simple<Model>('value', none, ({ free }) => free)],
  );
});

test('a barrier behaves like its model', async () => {
  type Model = { waiting: Waiter[] };
  const PARTIES = 3;
  const wait = client.map(
    (who) =>
      new Step<Model>(`${who}.wait()`, async (model, real) => {
        const ticket = ++real.tickets;
        await (clients[who] as Client).start(real.object, 'wait', [], ticket, 'waiting');
        model.waiting.push({ who, ticket });
        if (model.waiting.length < PARTIES) return;
        for (const [place, waiter] of model.waiting.splice(0).entries()) await expectAnswer(waiter, place);
      }),
  );
  const reset = client.map(
    (who) =>
      new Step<Model>(`${who}.reset()`, async (model, real) => {
        await (clients[who] as Client).call(real.object, 'reset', [], ++real.tickets);
        for (const waiter of model.waiting.splice(0)) await expectAnswer(waiter, 'BrokenBarrierError');
      }),
  );
  await check<Model>(
    (of) => ({ object: of.barrier(PARTIES), model: { waiting: [] } }),
    [wait, wait, wait, reset, simple<Model>('waiting', none, ({ waiting }) => waiting.length)],
  );
});
