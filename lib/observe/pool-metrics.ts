import type * as PromClient from 'prom-client';
import type { Counter, Histogram, Registry } from 'prom-client';
import type { ExitInfo, FailedInfo, PoolEvents, TaskInfo } from './events.js';

/** In seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

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

/** The metrics of the pools in one registry: what happens is counted when it does, what is, is read when somebody asks. */
export class PoolMetrics {
  readonly #pools = new Set<MeasuredPool>();
  readonly #ended: Counter<'pool' | 'task' | 'outcome'>;
  readonly #retries: Counter<'pool' | 'task'>;
  readonly #waitTimes: Histogram<'pool' | 'task'>;
  readonly #runTimes: Histogram<'pool' | 'task'>;
  readonly #starts: Counter<'pool'>;
  readonly #exits: Counter<'pool' | 'reason'>;

  constructor(client: typeof PromClient, registry: Registry, prefix: string, buckets = BUCKETS) {
    const pools = this.#pools;
    const describe = <L extends string>(name: string, help: string, labelNames: L[]) => ({
      name: `${prefix}${name}`,
      help,
      labelNames,
      registers: [registry],
    });
    this.#ended = new client.Counter(
      describe('tasks_total', 'Tasks that have ended, by outcome.', ['pool', 'task', 'outcome']),
    );
    this.#retries = new client.Counter(
      describe('task_retries_total', 'Tasks that have failed and were run again.', ['pool', 'task']),
    );
    this.#waitTimes = new client.Histogram({
      ...describe('task_wait_seconds', 'Time from the call of a task until it began.', ['pool', 'task']),
      buckets,
    });
    this.#runTimes = new client.Histogram({
      ...describe('task_duration_seconds', 'Time that a task ran.', ['pool', 'task']),
      buckets,
    });
    this.#starts = new client.Counter(describe('process_starts_total', 'Processes that were started.', ['pool']));
    this.#exits = new client.Counter(
      describe('process_exits_total', 'Processes that have ended, by reason.', ['pool', 'reason']),
    );
    new client.Gauge({
      ...describe('tasks_queued', 'Tasks that wait for a free slot.', ['pool']),
      collect() {
        this.reset();
        for (const { name, queued } of readAll(pools)) this.set({ pool: name }, queued);
      },
    });
    new client.Gauge({
      ...describe('tasks_running', 'Tasks that processes have.', ['pool']),
      collect() {
        this.reset();
        for (const { name, running } of readAll(pools)) this.set({ pool: name }, running);
      },
    });
    new client.Gauge({
      ...describe('processes', 'Processes, by state.', ['pool', 'state']),
      collect() {
        this.reset();
        for (const { name, processes } of readAll(pools)) {
          for (const { state } of processes) this.inc({ pool: name, state });
        }
      },
    });
    new client.Gauge({
      ...describe('process_resident_memory_bytes', 'Resident memory of a process.', ['pool', 'place']),
      collect() {
        this.reset();
        for (const { name, processes } of readAll(pools)) {
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
        for (const { name, processes } of readAll(pools)) {
          for (const { place, eventLoop } of processes) {
            this.inc({ pool: name, place }, (eventLoop?.active ?? 0) / MILLISECONDS);
          }
        }
      },
    });
  }

  /** @returns what takes the pool out again. */
  add(pool: MeasuredPool): () => void {
    if (this.#pools.has(pool)) return () => this.#pools.delete(pool);
    this.#pools.add(pool);
    const listeners = Object.entries(this.#createListeners(pool.stats().name));
    for (const [event, listener] of listeners) pool.on(event as keyof PoolEvents, listener as never);
    return () => {
      this.#pools.delete(pool);
      for (const [event, listener] of listeners) pool.off(event as keyof PoolEvents, listener as never);
    };
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

function readAll(pools: ReadonlySet<MeasuredPool>): ReturnType<MeasuredPool['stats']>[] {
  return [...pools].map((pool) => pool.stats());
}
