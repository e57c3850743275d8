import type * as PromClient from 'prom-client';
import type { Counter, Histogram, Metric, Registry } from 'prom-client';
import type { ExitInfo, FailedInfo, PoolEvents, TaskInfo } from './events.js';

/** In seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What their names begin with. */
const PREFIX = 'aiomultiprocess_';

const MILLISECONDS = 1000;

/** What metrics need of a pool. */
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

/** The names and bounds of the metrics in one registry. */
export interface MetricsShape {
  prefix: string;
  buckets: readonly number[];
}

/** The metrics of the pools in one registry: what happens is counted when it does, what is, is read when somebody asks. */
export class PoolMetrics {
  readonly shape: MetricsShape;
  readonly #registry: Registry;
  /** What takes each pool out again. */
  readonly #pools = new Map<MeasuredPool, () => void>();
  /** All of the metrics, from which they get into the other registry together. */
  readonly #own: Registry;
  readonly #ended: Counter<'pool' | 'task' | 'outcome'>;
  readonly #retries: Counter<'pool' | 'task'>;
  readonly #waitTimes: Histogram<'pool' | 'task'>;
  readonly #runTimes: Histogram<'pool' | 'task'>;
  readonly #starts: Counter<'pool'>;
  readonly #exits: Counter<'pool' | 'reason'>;

  /** @throws what the registry throws if it has metrics of these names; it has none more then. */
  constructor(
    client: typeof PromClient,
    registry: Registry,
    { prefix = PREFIX, buckets = BUCKETS }: Partial<MetricsShape>,
  ) {
    this.shape = { prefix, buckets };
    this.#registry = registry;
    this.#own = new client.Registry();
    const describe = <L extends string>(name: string, help: string, labelNames: L[]) => ({
      name: `${prefix}${name}`,
      help,
      labelNames,
      registers: [this.#own],
    });
    const readAll = () => Array.from(this.#pools.keys(), (pool) => pool.stats());
    this.#ended = new client.Counter(
      describe('tasks_total', 'Tasks that have ended, by outcome.', ['pool', 'task', 'outcome']),
    );
    this.#retries = new client.Counter(
      describe('task_retries_total', 'Tasks that have failed and were run again.', ['pool', 'task']),
    );
    this.#waitTimes = new client.Histogram({
      ...describe('task_wait_seconds', 'Time from the call of a task until it began.', ['pool', 'task']),
      buckets: [...buckets],
    });
    this.#runTimes = new client.Histogram({
      ...describe('task_duration_seconds', 'Time that a task ran.', ['pool', 'task']),
      buckets: [...buckets],
    });
    this.#starts = new client.Counter(describe('process_starts_total', 'Processes that were started.', ['pool']));
    this.#exits = new client.Counter(
      describe('process_exits_total', 'Processes that have ended, by reason.', ['pool', 'reason']),
    );
    new client.Gauge({
      ...describe('tasks_queued', 'Tasks that wait for a free slot.', ['pool']),
      collect() {
        this.reset();
        for (const { name, queued } of readAll()) this.set({ pool: name }, queued);
      },
    });
    new client.Gauge({
      ...describe('tasks_running', 'Tasks that processes have.', ['pool']),
      collect() {
        this.reset();
        for (const { name, running } of readAll()) this.set({ pool: name }, running);
      },
    });
    new client.Gauge({
      ...describe('processes', 'Processes, by state.', ['pool', 'state']),
      collect() {
        this.reset();
        for (const { name, processes } of readAll()) {
          for (const { state } of processes) this.inc({ pool: name, state });
        }
      },
    });
    new client.Gauge({
      ...describe('process_resident_memory_bytes', 'Resident memory of a process.', ['pool', 'place']),
      collect() {
        this.reset();
        for (const { name, processes } of readAll()) {
          for (const { place, memory = 0 } of processes) this.inc({ pool: name, place }, memory);
        }
      },
    });
    new client.Counter({
      ...describe('process_event_loop_active_seconds_total', 'Time that the event loop of a process was busy.', [
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

  /** Whether the registry has none of them any more, for it was cleared. */
  get areGone(): boolean {
    return this.#names().every((name) => this.#registry.getSingleMetric(name) !== this.#find(name));
  }

  #names(): string[] {
    return this.#own.getMetricsAsArray().map(({ name }) => name);
  }

  #find(name: string): Metric {
    return this.#own.getSingleMetric(name) as Metric;
  }

  /** @returns what takes the pool out again. */
  add(pool: MeasuredPool): () => void {
    const known = this.#pools.get(pool);
    if (known !== undefined) return known;
    const listeners = Object.entries(this.#createListeners(pool.stats().name));
    for (const [event, listener] of listeners) pool.on(event as keyof PoolEvents, listener as never);
    const takeOut = () => {
      // It may have been added again since.
      if (this.#pools.get(pool) === takeOut) this.#pools.delete(pool);
      for (const [event, listener] of listeners) pool.off(event as keyof PoolEvents, listener as never);
    };
    this.#pools.set(pool, takeOut);
    return takeOut;
  }

  /** Listens to no pool any more. */
  takeAllOut(): void {
    for (const takeOut of this.#pools.values()) takeOut();
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
