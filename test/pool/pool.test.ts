import { availableParallelism } from 'node:os';
import { Pool, tasksFrom } from 'aiomultiprocess';
import describeBoth, { declared } from '../fixtures/functions/in-jest.ts';
import { failIfOdd } from '../fixtures/pool/failing.js';
import { waitAt, waitIfZero } from '../fixtures/pool/gate.js';
import { leaveLoopTrace, leaveTrace, readTraces } from '../fixtures/pool/log.js';
import byDefault, {
  add,
  double,
  doubleInPool,
  doubleNow,
  identity,
  inlined,
  marked,
  pid,
  pidFor,
  spin,
  surroundings,
} from '../fixtures/pool/tasks.js';
import { withGate } from '../support/gate.ts';
import { createPool } from '../support/pool.ts';

const numbers = Array.from({ length: 1000 }, (_, index) => index);
const doubled = numbers.map((number) => number * 2);

describe('a pool of two processes', () => {
  const pool = createPool({ processes: 2 });

  test('apply() resolves to the return value of the function', async () => {
    expect(await pool.apply(add, [1, 2])).toBe(3);
    expect(await pool.apply(add, [1])).toBe(101);
    expect(await pool.apply(doubleNow, [4])).toBe(8);
    expect(await pool.apply(pid)).not.toBe(process.pid);
  });

  test('map() resolves to the results in input order', async () => {
    expect(await pool.map(double, numbers)).toEqual(doubled);
  });

  test('iterating a map yields the results in input order', async () => {
    const seen: number[] = [];
    for await (const value of pool.map(double, numbers)) seen.push(value);
    expect(seen).toEqual(doubled);
  });

  test('starmap() spreads each list of arguments', async () => {
    expect(await pool.starmap(add, [[1, 2], [3], [5, 6]])).toEqual([3, 103, 11]);
    const seen: number[] = [];
    for await (const value of pool.starmap(add, [[1, 1], [2]])) seen.push(value);
    expect(seen).toEqual([2, 102]);
  });

  test('map() passes one argument only', async () => {
    expect(await pool.map(add, [1, 2])).toEqual([101, 102]);
  });

  test.each<[string, () => Iterable<number> | AsyncIterable<number>]>([
    ['an array', () => numbers],
    ['a set', () => new Set(numbers)],
    ['a generator', () => numbers.values()],
    [
      'an async generator',
      async function* () {
        yield* numbers;
      },
    ],
  ])('map() accepts %s', async (_what, create) => {
    expect(await pool.map(double, create())).toEqual(doubled);
  });

  test('a map without items resolves to an empty array', async () => {
    expect(await pool.map(double, [])).toEqual([]);
    expect(await pool.starmap(add, new Set<[number]>())).toEqual([]);
    for await (const _ of pool.map(double, [])) throw new Error('there is nothing');
  });

  test('map() reads the holes of an array as undefined', async () => {
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
    expect(await pool.map(identity, [1, , 3])).toEqual([1, undefined, 3]);
  });

  test('apply() runs default exports, marked functions, inlined functions and handles', async () => {
    const handles = tasksFrom<typeof import('../fixtures/pool/tasks.js')>(
      new URL('../fixtures/pool/tasks.js', import.meta.url),
    );
    const results = [
      pool.apply(byDefault, [1]),
      pool.apply(marked, [2]),
      pool.apply(inlined, [2]),
      pool.apply(handles.double, [2]),
    ];
    expect(await Promise.all(results)).toEqual(['default 1', 6, 8, 4]);
  });

  test('functions of TypeScript modules run, although Jest has no loader to pass on', async () => {
    expect(await pool.starmap(declared, [[3, 4]])).toEqual([7]);
    expect(await pool.apply(describeBoth, [3, 4])).toBe('default 34');
  });

  test('arguments and results keep their types', async () => {
    const values = [
      new Map([[1, new Set(['a'])]]),
      new Date(0),
      -0,
      [undefined, null],
      2n ** 80n,
      /x/g,
      new Error('e'),
    ];
    expect(await pool.map(identity, values)).toEqual(values);
    const bytes = Buffer.alloc(1_000_000, 'bytes');
    const returned = await pool.apply(identity, [bytes]);
    expect(Buffer.isBuffer(returned) && returned.equals(bytes)).toBe(true);
  });

  test('broadcast() runs the function once in every process', async () => {
    const pids = await pool.broadcast(pid);
    expect(pids).toHaveLength(2);
    expect(pids.toSorted()).toEqual(
      pool
        .stats()
        .processes.map((child) => child.pid)
        .toSorted(),
    );
    await pool.broadcast(leaveTrace, ['broadcast']);
    expect(await pool.broadcast(readTraces)).toEqual([['broadcast'], ['broadcast']]);
  });

  test('tasks spread over both processes', async () => {
    const pids = await pool.map(
      spin,
      Array.from({ length: 8 }, () => 20),
    );
    expect(new Set(pids).size).toBe(2);
  });

  test('a long map does not starve later calls', async () => {
    const order: string[] = [];
    const long = pool
      .map(
        double,
        Array.from({ length: 30_000 }, (_, index) => index),
      )
      .then(() => order.push('long'));
    const short = pool.map(double, [1, 2, 3]).then(() => order.push('short'));
    const single = pool.apply(double, [1]).then(() => order.push('single'));
    await Promise.all([long, short, single]);
    expect(order.at(-1)).toBe('long');
  });

  test('a task can use a pool of its own', async () => {
    expect(await pool.apply(doubleInPool, [[1, 2, 3]])).toEqual([2, 4, 6]);
  });
});

test('stats() returns plain data with counts of tasks', () =>
  withGate((gate) =>
    Pool.using({ processes: 2, childConcurrency: 1 }, async (pool) => {
      await pool.ready();
      await pool.map(failIfOdd, [2, 3, 4]).settled();
      const waiting = Promise.all(Array.from({ length: 6 }, () => pool.apply(waitAt, [gate.port])));
      await gate.arrived(2);
      const stats = pool.stats();
      expect(structuredClone(stats)).toEqual(stats);
      expect(stats).toMatchObject({ done: 2, failed: 1 });
      expect(stats.queued + stats.running).toBe(6);
      expect(stats.running).toBeGreaterThanOrEqual(2);
      expect(stats.processes).toHaveLength(2);
      for (const child of stats.processes) {
        expect(child).toEqual({
          age: expect.any(Number),
          pid: expect.any(Number),
          place: expect.any(Number),
          restarts: 0,
          state: expect.any(String),
          running: expect.any(Number),
          prefetched: 0,
          done: expect.any(Number),
          failed: expect.any(Number),
        });
      }
      expect(gate.arrivals.toSorted()).toEqual(stats.processes.map((child) => child.pid).toSorted());
      gate.open();
      await waiting;
      expect(pool.stats()).toMatchObject({ queued: 0, running: 0, done: 8, failed: 1 });
    }),
  ));

test('a process runs at most childConcurrency tasks at a time', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, childConcurrency: 3 }, async (pool) => {
      const results = pool.map(
        waitAt,
        Array.from({ length: 9 }, () => gate.port),
      );
      for (let arrived = 3; arrived <= 9; arrived++) {
        await gate.arrived(arrived);
        gate.letOne();
      }
      gate.open();
      expect(await results).toHaveLength(9);
      expect(gate.peak).toBe(3);
    }),
  ));

test('a process runs 16 tasks at a time by default', () =>
  withGate((gate) =>
    Pool.using({ processes: 1 }, async (pool) => {
      const results = pool.map(
        waitAt,
        Array.from({ length: 40 }, () => gate.port),
      );
      await gate.arrived(16);
      for (let arrived = 17; arrived <= 40; arrived++) {
        gate.letOne();
        await gate.arrived(arrived);
      }
      gate.open();
      await results;
      expect(gate.peak).toBe(16);
    }),
  ));

test('eight tasks spread over four starting processes', () =>
  withGate((gate) =>
    Pool.using({ processes: 4 }, async (pool) => {
      const results = pool.map(waitAt, Array(8).fill(gate.port));
      await gate.arrived(8);
      gate.open();
      expect(new Set(await results).size).toBe(4);
    }),
  ));

test.each<[string, (ports: number[]) => Iterable<number>]>([
  ['an array', (ports) => ports],
  ['a generator', (ports) => ports.values()],
])('eight tasks from %s run two in each of four processes', (_what, create) =>
  withGate((gate) =>
    Pool.using({ processes: 4 }, async (pool) => {
      await pool.ready();
      const results = pool.map(waitAt, create(Array(8).fill(gate.port)));
      await gate.arrived(8);
      gate.open();
      const counts = new Map<number, number>();
      for (const id of await results) counts.set(id, (counts.get(id) ?? 0) + 1);
      expect([...counts.values()]).toEqual([2, 2, 2, 2]);
    }),
  ),
);

test('maps take turns, so a short map ends long before a long one', () =>
  withGate((gate) =>
    Pool.using({ processes: 1, childConcurrency: 1 }, async (pool) => {
      const long = pool.map(waitAt, Array(300).fill(gate.port));
      await gate.arrived(1);
      let ended = false;
      const short = pool.map(double, [1, 2, 3]).then(() => {
        ended = true;
      });
      while (!ended && gate.arrivals.length < 300) {
        gate.letOne();
        await Promise.race([short, gate.arrived(gate.arrivals.length + 1)]);
      }
      expect(gate.arrivals.length).toBeLessThan(100);
      gate.open();
      await long;
    }),
  ));

test('short tasks do not wait behind a long task in another slot', () =>
  withGate((gate) =>
    Pool.using({ processes: 2, childConcurrency: 1 }, async (pool) => {
      const long = pool.apply(waitAt, [gate.port]);
      await gate.arrived(1);
      const short = await pool.starmap(
        waitIfZero,
        Array.from({ length: 50 }, (_, index): [number, number] => [index + 1, gate.port]),
      );
      expect(short).toHaveLength(50);
      gate.open();
      await long;
    }),
  ));

test('short tasks do not wait behind a long task of another function after many short ones', () =>
  withGate((gate) =>
    Pool.using({ processes: 2, childConcurrency: 1 }, async (pool) => {
      await pool.map(
        double,
        Array.from({ length: 20_000 }, (_, index) => index),
      );
      const long = pool.apply(waitAt, [gate.port]);
      const short = Array.from({ length: 50 }, (_, index) => pool.apply(double, [index]));
      expect(await Promise.all(short)).toHaveLength(50);
      gate.open();
      await long;
    }),
  ));

test('the items of an iterator spread over all processes, including those that are still starting', () =>
  withGate((gate) =>
    Pool.using({ processes: 2 }, async (pool) => {
      const result = pool.map(waitAt, [gate.port, gate.port, gate.port, gate.port].values()).settled();
      await gate.arrived(4);
      gate.open();
      await result;
      expect(gate.arrivals.filter((pid) => pid === gate.arrivals[0])).toHaveLength(2);
    }),
  ));

test('a single process runs tasks in call order', () =>
  Pool.using({ processes: 1, childConcurrency: 1 }, async (pool) => {
    await Promise.all(numbers.slice(0, 200).map((number) => pool.apply(leaveTrace, [String(number)])));
    expect(await pool.apply(readTraces)).toEqual(numbers.slice(0, 200).map(String));
  }));

test('an initializer can use a pool of its own', () =>
  Pool.using({ processes: 1, initializer: doubleInPool, initargs: [[1]] }, async (pool) => {
    expect(await pool.apply(double, [1])).toBe(2);
  }));

test('every process is initialised once, before its first task', () =>
  Pool.using(
    { processes: 2, loopInitializer: leaveLoopTrace, initializer: leaveTrace, initargs: ['initialised'] },
    async (pool) => {
      const early = pool.apply(readTraces);
      await pool.ready();
      expect(await early).toEqual(['loop', 'initialised']);
      await pool.map(pidFor, numbers);
      expect(await pool.broadcast(readTraces)).toEqual([
        ['loop', 'initialised'],
        ['loop', 'initialised'],
      ]);
    },
  ));

test('a pool has availableParallelism() processes by default', () =>
  Pool.using({}, async (pool) => {
    await pool.ready();
    expect(new Set(await pool.broadcast(pid)).size).toBe(availableParallelism());
  }));

test('env, cwd and execArgv reach every process', () =>
  Pool.using({ processes: 2, env: { TEST_COLOR: 'blue' }, cwd: '/', execArgv: ['--no-deprecation'] }, async (pool) => {
    const expected = { cwd: '/', color: 'blue', path: process.env.PATH, execArgv: ['--no-deprecation'] };
    expect(await pool.broadcast(surroundings)).toEqual([expected, expected]);
  }));
