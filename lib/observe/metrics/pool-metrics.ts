import type * as PromClient from 'prom-client';
import type { Counter, Histogram, Metric, Registry } from 'prom-client';
import type { ExitInfo, FailedInfo, PoolEvents, TaskInfo } from '../events.js';

/** In seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The prefix of their names. */
const PREFIX = 'aiomultiprocess_';

const MILLISECONDS = 1000;

/** The part of a pool that metrics need. */
interface MeasuredPool {
  stats(): {
    name: string;
    queued: number;
    running: number;
    processes: {
      place: number;
      state: string;
      memory?: number;
      eventLoop?: { active: number };
    }[];
  };
  on<E extends keyof PoolEvents>(event: E, listener: PoolEvents[E]): unknown;
  off<E extends keyof PoolEvents>(event: E, listener: PoolEvents[E]): unknown;
}

type Listeners = { [E in keyof PoolEvents]?: PoolEvents[E] };

/** The name prefix and the histogram buckets of the metrics in one registry. */
export interface MetricsShape {
  prefix: string;
  buckets: readonly number[];
}

/** The metrics of the pools in one registry. Events update counters and histograms; a scrape reads the gauges. */
export class PoolMetrics {
  readonly shape: MetricsShape;
  readonly #registry: Registry;
  /** For each pool, the function that removes it. */
  readonly #pools = new Map<MeasuredPool, () => void>();
  /** Collects the metrics, so that they enter the other registry all or none. */
  readonly #own: Registry;
  readonly #ended: Counter<'pool' | 'task' | 'outcome'>;
  readonly #retries: Counter<'pool' | 'task'>;
  readonly #waitTimes: Histogram<'pool' | 'task'>;
  readonly #runTimes: Histogram<'pool' | 'task'>;
  readonly #starts: Counter<'pool'>;
  readonly #exits: Counter<'pool' | 'reason'>;

  /** @throws the registry's error if it has a metric of one of these names. The registry is unchanged then. */
  constructor(
    client: typeof PromClient,
    registry: Registry,
    { prefix = PREFIX, buckets = BUCKETS }: Partial<MetricsShape>,
  ) {
    this.shape = { prefix, buckets };
    this.#registry = registry;
    this.#own = new client.Registry();
    const metricOptions = <L extends string>(name: string, help: string, labelNames: L[]) => ({
      name: `${prefix}${name}`,
      help,
      labelNames,
      registers: [this.#own],
    });
    const readAll = () => Array.from(this.#pools.keys(), (pool) => pool.stats());
    this.#ended = new client.Counter(
      metricOptions('tasks_total', 'Tasks that ended, by outcome.', ['pool', 'task', 'outcome']),
    );
    this.#retries = new client.Counter(
      metricOptions('task_retries_total', 'Tasks that failed and were retried.', ['pool', 'task']),
    );
    this.#waitTimes = new client.Histogram({
      ...metricOptions('task_wait_seconds', 'Time from the call of a task to its start.', ['pool', 'task']),
      buckets: [...buckets],
    });
    this.#runTimes = new client.Histogram({
      ...metricOptions('task_duration_seconds', 'Run time of a task.', ['pool', 'task']),
      buckets: [...buckets],
    });
    this.#starts = new client.Counter(metricOptions('process_starts_total', 'Processes started.', ['pool']));
    this.#exits = new client.Counter(
      metricOptions('process_exits_total', 'Processes that exited, by reason.', ['pool', 'reason']),
    );
    new client.Gauge({
      ...metricOptions('tasks_queued', 'Tasks that wait for a free slot.', ['pool']),
      collect() {
        this.reset();
        for (const { name, queued } of readAll()) this.set({ pool: name }, queued);
      },
    });
    new client.Gauge({
      ...metricOptions('tasks_running', 'Tasks sent to processes.', ['pool']),
      collect() {
        this.reset();
        for (const { name, running } of readAll()) this.set({ pool: name }, running);
      },
    });
    new client.Gauge({
      ...metricOptions('processes', 'Processes, by state.', ['pool', 'state']),
      collect() {
        this.reset();
        for (const { name, processes } of readAll()) {
          for (const { state } of processes) this.inc({ pool: name, state });
        }
      },
    });
    new client.Gauge({
      ...metricOptions('process_resident_memory_bytes', 'Resident memory of a process.', ['pool', 'place']),
      collect() {
        this.reset();
        for (const { name, processes } of readAll()) {
          for (const { place, memory = 0 } of processes) this.inc({ pool: name, place }, memory);
        }
      },
    });
    new client.Counter({
      ...metricOptions('process_event_loop_active_seconds_total', 'Time that the event loop of a process was busy.', [
        'pool',
        'place',
      ]),
      collect() {
        this.reset();
        for (const { name, processes } of readAll()) {
          for (const { place, eventLoop } of processes) {
            this.inc({ pool: name, place }, (eventLoop?.active ?? 0) / MILLISECONDS);
          }
        }
      },
    });
    this.#register();
  }

  #register(): void {
    const registered: string[] = [];
    try {
      for (const name of this.#names()) {
        this.#registry.registerMetric(this.#find(name));
        registered.push(name);
      }
    } catch (error) {
      for (const name of registered) this.#registry.removeSingleMetric(name);
      throw error;
    }
  }

  /** Whether the registry was cleared and contains none of them. */
  get areGone(): boolean {
    return this.#names().every((name) => this.#registry.getSingleMetric(name) !== this.#find(name));
  }

  #names(): string[] {
    return this.#own.getMetricsAsArray().map(({ name }) => name);
  }

  #find(name: string): Metric {
    return this.#own.getSingleMetric(name) as Metric;
  }

  /** @returns a function that removes the pool. */
  add(pool: MeasuredPool): () => void {
    const known = this.#pools.get(pool);
    if (known !== undefined) return known;
    const listeners = Object.entries(this.#createListeners(pool.stats().name));
    for (const [event, listener] of listeners) pool.on(event as keyof PoolEvents, listener as never);
    const remove = () => {
      // The pool may have been removed and added again since.
      if (this.#pools.get(pool) === remove) this.#pools.delete(pool);
      for (const [event, listener] of listeners) pool.off(event as keyof PoolEvents, listener as never);
    };
    this.#pools.set(pool, remove);
    return remove;
  }

  /** Removes all pools. */
  removeAll(): void {
    for (const remove of this.#pools.values()) remove();
  }

  #createListeners(pool: string): Listeners {
    return {
      taskSucceeded: (info) => this.#count(pool, 'succeeded', info),
      taskFailed: (info) => this.#count(pool, 'failed', info),
      taskCancelled: (info) => this.#count(pool, 'cancelled', info),
      taskRetried: ({ task }) => this.#retries.inc({ pool, task }),
      processStarted: () => this.#starts.inc({ pool }),
      processExited: ({ reason }: ExitInfo) => this.#exits.inc({ pool, reason }),
    };
  }

  #count(pool: string, outcome: string, { task, waitTime, runTime }: TaskInfo & Partial<FailedInfo>): void {
    this.#ended.inc({ pool, task, outcome });
    if (waitTime !== undefined) this.#waitTimes.observe({ pool, task }, waitTime / MILLISECONDS);
    if (runTime !== undefined) this.#runTimes.observe({ pool, task }, runTime / MILLISECONDS);
  }
}
