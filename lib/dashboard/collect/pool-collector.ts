import { summarizeArguments } from '../../observe/describe.js';
import type { PoolEvents } from '../../observe/events.js';
import type { InspectedPool, MapReading, PoolReading, ProcessReading, SampledEvent } from '../../observe/inspection.js';
import { SlowestTasks } from '../../observe/measure/slowest-tasks.js';
import { Progress } from '../../observe/progress/progress.js';
import { performance } from '../../util/clock.js';
import type { MapSnapshot, Point, PoolSnapshot, ProcessSnapshot, Span } from '../snapshot.js';
import { Failures } from './failures.js';
import { HostCollector } from './host-collector.js';
import { ProcessEvents } from './process-events.js';
import { ProcessUsage } from './process-usage.js';
import { Ring } from './ring.js';
import { TimeHistogram } from './time-histogram.js';

/** How many counts are kept: one a second, for five minutes. */
const POINTS = 301;
/** How many tasks that have run are kept: a little more than the sample of half a minute. */
const SPANS = 12_000;
/** From this age on, in milliseconds, the arguments of a running task are shown. */
const MIN_SHOWN_AGE = 100;

/**
 * What is known of one pool, in constant memory.
 *
 * It always has the counts of each second, the last failures and the ends of processes, which cost next to nothing. Tasks are
 * followed only while a page is open, between {@link watch} and {@link unwatch}.
 */
export class PoolCollector {
  readonly id: string;
  readonly pool: InspectedPool;
  readonly points = new Ring<Point>(POINTS);
  readonly spans = new Ring<Span>(SPANS);
  readonly #waitTimes = new TimeHistogram();
  readonly #runTimes = new TimeHistogram();
  readonly #slowest = new SlowestTasks();
  readonly #failures = new Failures();
  readonly #processEvents: ProcessEvents;
  readonly #usage = new ProcessUsage();
  readonly #hosts = new HostCollector();
  readonly #onError: PoolEvents['taskError'];
  #watch: ReturnType<InspectedPool['watch']> | undefined;
  /** By the ids of the maps. */
  #progress = new Map<number, Progress>();
  /** The arguments of running tasks, by their ids: they are described once. */
  #args = new Map<number, string>();

  constructor(id: string, pool: InspectedPool) {
    this.id = id;
    this.pool = pool;
    this.#processEvents = new ProcessEvents(pool.events);
    this.#onError = (error, info) => this.#failures.add(error, info);
    pool.events.on('taskError', this.#onError);
  }

  /** Called once a second. */
  addPoint(): void {
    const { done, failed, retried, queued, running } = this.pool.count();
    this.points.push([round(performance.now()), done, failed, retried, queued, running]);
    this.#failures.allow();
  }

  watch(): void {
    this.#watch ??= this.pool.watch((event) => this.#onTask(event));
  }

  unwatch(): void {
    this.#watch?.end();
    this.#watch = undefined;
    this.#progress.clear();
    this.#args.clear();
  }

  /** The pool has ended, or the dashboard closes. */
  close(): void {
    this.unwatch();
    this.#processEvents.close();
    this.pool.events.off('taskError', this.#onError);
  }

  #onTask({ outcome, isFollowed, info }: SampledEvent): void {
    const { task, place, startTime, runTime, id, attempt, waitTime } = info;
    this.spans.push([
      task || '(anonymous)',
      place,
      round(startTime),
      round(runTime),
      outcome,
      id,
      attempt,
      round(waitTime),
    ]);
    if (outcome !== 'cancelled') this.#slowest.add(info);
    // Tasks that are followed because they take long would distort the distribution.
    if (isFollowed || outcome === 'cancelled') return;
    const now = performance.now();
    this.#waitTimes.record(waitTime, now);
    this.#runTimes.record(runTime, now);
  }

  read(): PoolSnapshot {
    this.#watch?.adapt();
    this.#failures.allow();
    const now = performance.now();
    const { processes, maps, streams, ...reading } = this.pool.read();
    this.#usage.refresh(processes.flatMap(({ pid }) => pid ?? []));
    const { hosts, latency } = this.pool.hosts?.() ?? {};
    return {
      ...reading,
      id: this.id,
      name: this.pool.name,
      kind: this.pool.kind,
      waitTime: this.#waitTimes.read(now),
      runTime: this.#runTimes.read(now),
      processes: this.#describeProcesses(processes),
      processEvents: this.#processEvents.read(),
      maps: this.#describeMaps(maps, now),
      streams: streams.map(({ startedAt, ...stream }) => ({ ...stream, age: now - startedAt })),
      slowest: this.#slowest.read(),
      failures: this.#failures.read(),
      latency,
      hosts: hosts && this.#hosts.read(hosts),
      host: this.pool.facts?.(),
    };
  }

  #describeProcesses(processes: PoolReading['processes']): ProcessSnapshot[] {
    const args = new Map<number, string>();
    const described = processes.map((process) => this.#describeProcess(process, args));
    this.#args = args;
    return described;
  }

  #describeProcess(
    { pid, memory, active, tasks, ...process }: ProcessReading,
    args: Map<number, string>,
  ): ProcessSnapshot {
    const usage = this.#usage.get(pid);
    return {
      ...process,
      pid,
      age: Math.round(process.age),
      memory: usage?.memory ?? memory,
      // Without the kernel's numbers: the busy part of its life.
      cpu: usage?.cpu ?? (active === undefined ? undefined : Math.min(1, active / process.age)),
      tasks: tasks.map(({ args: values, ...task }) => {
        if (task.age < MIN_SHOWN_AGE) return { ...task, age: round(task.age) };
        const text = this.#args.get(task.id) ?? summarizeArguments(values);
        args.set(task.id, text);
        return { ...task, age: round(task.age), args: text };
      }),
    };
  }

  #describeMaps(maps: readonly MapReading[], now: number): MapSnapshot[] {
    const known = this.#progress;
    this.#progress = new Map(
      maps.map(({ id, task, total, progress }) => [
        id,
        known.get(id) ?? new Progress({ label: task, format: undefined, processes: undefined }, total, progress),
      ]),
    );
    return maps.map(({ id, task, startedAt, isStalled }) => {
      const { done, failed, total, rate } = (this.#progress.get(id) as Progress).read();
      return { id, task: task || '(anonymous)', age: now - startedAt, done, failed, total, rate, isStalled };
    });
  }
}

/** Microseconds are enough. */
function round(time: number): number {
  return Math.round(time * 1000) / 1000;
}
