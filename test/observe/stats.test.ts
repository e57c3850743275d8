import { InvalidStateError, Pool } from 'aiomultiprocess';
import { failOdd, takeAnything, work } from '../fixtures/observe/work.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { double, pid, spin } from '../fixtures/pool/tasks.js';
import { withGate } from '../support/gate.ts';

describe('stats', () => {
  test('distinguish running tasks from prefetched ones', () =>
    withGate((gate) =>
      Pool.using({ processes: 1, childConcurrency: 2 }, async (pool) => {
        await pool.map(double, Array(2000).fill(1));
        const waiting = [1, 2, 3].map(() => pool.apply(waitAt, [gate.port]));
        await gate.arrived(2);
        const { processes, queued, running } = pool.stats();
        expect(processes).toMatchObject([{ running: 2, place: 0, restarts: 0, done: 2000 }]);
        expect(running).toBe(2 + (processes[0]?.prefetched ?? 0));
        expect(queued + running).toBe(3);
        gate.open();
        await Promise.all(waiting);
      }),
    ));

  test('count the restarts of a seat', () =>
    Pool.using({ processes: 1, maxTasksPerChild: 1, childConcurrency: 1 }, async (pool) => {
      const fourth = new Promise<void>((resolve) => {
        let started = 0;
        pool.on('processStarted', () => ++started === 4 && resolve());
      });
      for (let run = 0; run < 3; run++) await pool.apply(pid);
      await fourth;
      expect(pool.stats().processes).toContainEqual(expect.objectContaining({ place: 0, restarts: 3 }));
    }));

  test('include times, throughput, memory and the event loop with measure: true', () =>
    Pool.using({ processes: 1, measure: true, name: 'measured' }, async (pool) => {
      await pool.ready();
      await pool.map(work, [...Array(98).fill(10), 200, 200]);
      await pool.apply(spin, [150]);
      await pool.apply(spin, [150]);
      const { name, tasks, processes } = pool.stats();
      expect(name).toBe('measured');
      expect(tasks?.runTime.count).toBe(102);
      expect(tasks?.runTime.min).toBeGreaterThan(8);
      expect(tasks?.runTime.p50).toBeLessThan(tasks?.runTime.p99 as number);
      expect(tasks?.runTime.p99).toBeGreaterThanOrEqual(148);
      expect(tasks?.runTime.max).toBeGreaterThanOrEqual(198);
      expect(tasks?.waitTime.count).toBe(102);
      expect(tasks?.throughput).toBeGreaterThan(1);
      expect(processes[0]?.memory).toBeGreaterThan(10e6);
      const { active = 0, idle = 0, utilization } = processes[0]?.eventLoop ?? {};
      expect(active).toBeGreaterThan(140);
      expect(utilization).toBeCloseTo(active / (active + idle));
      const stats = pool.stats();
      expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
    }));

  test('omit measurements without measure: true', () =>
    Pool.using({ processes: 1 }, async (pool) => {
      await pool.apply(spin, [150]);
      const { tasks, processes } = pool.stats();
      expect(tasks).toBeUndefined();
      expect(processes[0]).not.toHaveProperty('memory');
      expect(processes[0]).not.toHaveProperty('eventLoop');
    }));

  test('are zeros before the first task', () =>
    Pool.using({ processes: 1, measure: true }, async (pool) => {
      const nothing = { count: 0, min: 0, max: 0, mean: 0, stddev: 0, p50: 0, p90: 0, p99: 0 };
      expect(pool.stats().tasks).toEqual({ waitTime: nothing, runTime: nothing, throughput: 0 });
    }));
});

describe('insights', () => {
  test('account for the whole life of every process', () =>
    Pool.using({ processes: 2, measure: true, initializer: spin, initargs: [40] }, async (pool) => {
      await pool.ready();
      await pool.map(work, Array(8).fill(60));
      await new Promise((resolve) => setTimeout(resolve, 120));
      await pool.apply(work, [80]);
      const { time, processes, total } = pool.insights();
      expect(processes.map(({ place, tasks }) => [place, tasks])).toEqual([
        [0, 5],
        [1, 4],
      ]);
      for (const { startUp, init, working, waiting, idle } of processes) {
        expect(startUp).toBeGreaterThan(1);
        expect(init).toBeGreaterThanOrEqual(40);
        expect(working).toBeGreaterThanOrEqual(58);
        expect(idle).toBeGreaterThanOrEqual(110);
        const life = startUp + init + working + waiting + idle;
        expect(life).toBeLessThanOrEqual(time);
        expect(life).toBeGreaterThan(time * 0.6);
      }
      // One process has no task while the other runs the last one.
      expect(processes[1]?.waiting).toBeGreaterThanOrEqual(75);
      expect(total.working).toBeCloseTo((processes[0]?.working ?? 0) + (processes[1]?.working ?? 0));
    }));

  test('add up the processes that replace each other in a seat', () =>
    Pool.using({ processes: 1, measure: true, maxTasksPerChild: 1, childConcurrency: 1 }, async (pool) => {
      for (let run = 0; run < 3; run++) await pool.apply(work, [30]);
      const { processes } = pool.insights();
      expect(processes).toHaveLength(1);
      expect(processes[0]).toMatchObject({ tasks: 3 });
      expect(processes[0]?.working).toBeGreaterThanOrEqual(88);
    }));

  test('count the work of a process that got a task before its ready event', () =>
    Pool.using({ processes: 1, measure: true }, async (pool) => {
      await pool.broadcast(work, [60]);
      await pool.apply(work, [60]);
      expect(pool.insights().processes[0]).toMatchObject({ tasks: 2 });
      expect(pool.insights().processes[0]?.working).toBeGreaterThanOrEqual(118);
    }));

  test('list the ten slowest tasks with their arguments', () =>
    Pool.using({ processes: 1, measure: true }, async (pool) => {
      await pool.map(work, [150, ...Array(20).fill(1), 100]);
      const { slowest } = pool.insights();
      expect(slowest).toHaveLength(10);
      expect(slowest.slice(0, 2).map(({ task, args }) => `${task}(${args})`)).toEqual(['work(150)', 'work(100)']);
      expect(slowest[0]?.runTime).toBeGreaterThanOrEqual(148);
      const times = slowest.map(({ runTime }) => runTime);
      expect(times).toEqual(times.toSorted((one, other) => other - one));
    }));

  test('keep only a short summary of large arguments', () =>
    Pool.using({ processes: 1, measure: true }, async (pool) => {
      await pool.apply(takeAnything, [{ text: 'x'.repeat(1e6) }, Array(1e5).fill(7)]);
      const [slow] = pool.insights().slowest;
      expect(slow?.args.length).toBeLessThanOrEqual(200);
      expect(slow?.args).toMatch(/^\{ text: 'xxx/);
    }));

  test('count failed tasks, too', () =>
    Pool.using({ processes: 1, measure: true }, async (pool) => {
      await pool.map(failOdd, [1, 2, 3]).settled();
      expect(pool.insights().processes[0]?.tasks).toBe(3);
    }));

  test('throw without measure: true', () =>
    Pool.using({ processes: 1 }, async (pool) => {
      expect(() => pool.insights()).toThrow(InvalidStateError);
      expect(() => pool.insights()).toThrow('make it with { measure: true }');
    }));
});
