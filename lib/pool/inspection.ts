import type { PoolEvents } from '../observe/events.js';
import type {
  HostFacts,
  InspectedPool,
  MapReading,
  PoolActions,
  PoolCounts,
  PoolReading,
  ProcessReading,
  SampledEvent,
  StreamReading,
} from '../observe/inspection.js';
import { performance } from '../util/clock.js';
import type { Emitter } from '../util/emitter.js';
import type { Maps } from './map/maps.js';
import type { ReadPoolOptions } from './options/pool-options.js';
import type { PoolStats } from './stats.js';
import type { StreamTask } from './stream/stream-task.js';
import type { Supervisor } from './supervision/supervisor.js';
import type { TaskLifecycle } from './task/lifecycle.js';
import type { Tracing } from './tracing/tracing.js';
import type { ChildHandle } from './worker/child-handle.js';

/** How many tasks of a process are shown. */
const MAX_TASKS = 6;
/** How many maps, and how many streams, are shown. */
const MAX_CALLS = 20;
/** From this age on, in milliseconds, a task is followed to its end although it does not belong to the sample. */
const MIN_FOLLOWED_AGE = 100;

/** The parts of a pool that an {@link Inspection} reads. */
export interface InspectedParts {
  readonly options: ReadPoolOptions;
  readonly tracing: Tracing;
  readonly events: Emitter<PoolEvents>;
  readonly ended: Promise<void>;
  readonly lifecycle: TaskLifecycle;
  readonly supervisor: Supervisor;
  readonly maps: Maps;
  readonly streams: ReadonlySet<StreamTask>;
  isClosed(): boolean;
  stats(): PoolStats;
  pause(): void;
  resume(): void;
}

/** What a dashboard reads of a pool, and does with it. It keeps nothing: a pool without a dashboard pays nothing for it. */
export class Inspection implements InspectedPool {
  readonly actions: PoolActions;
  #host: { name: string; facts(): HostFacts } | undefined;
  readonly #parts: InspectedParts;

  constructor(parts: InspectedParts) {
    this.#parts = parts;
    const { lifecycle, maps, supervisor } = parts;
    this.actions = {
      cancelMap: (id) => cancelMap(maps, id),
      cancelTask: (id) => lifecycle.cancelTask(id, createReason('task')),
      replaceProcess: (pid) => supervisor.replaceProcess(pid),
      pause: () => {
        if (!parts.isClosed()) parts.pause();
        return !parts.isClosed();
      },
      resume: () => {
        parts.resume();
        return true;
      },
    };
  }

  /** The pool runs the tasks of a host. */
  belongTo(host: { name: string; facts(): HostFacts }): void {
    this.#host = host;
  }

  get kind(): 'local' | 'host' {
    return this.#host === undefined ? 'local' : 'host';
  }

  get name(): string {
    return this.#host?.name ?? this.#parts.options.name;
  }

  facts(): HostFacts | undefined {
    return this.#host?.facts();
  }

  get events(): Emitter<PoolEvents> {
    return this.#parts.events;
  }

  get ended(): Promise<void> {
    return this.#parts.ended;
  }

  count(): PoolCounts {
    const { queued, running, done, failed, retried } = this.#parts.stats();
    return { queued, running, done, failed, retried };
  }

  watch(listener: (event: SampledEvent) => void): { adapt(): void; end(): void } {
    return this.#parts.tracing.startSample(listener);
  }

  read(): PoolReading {
    const { options, tracing, supervisor, maps, streams } = this.#parts;
    const { queued, running, done, failed, retried, isPaused, sharedMemory } = this.#parts.stats();
    const { maxQueueSize, memory } = options;
    return {
      state: this.#parts.isClosed() ? 'closed' : isPaused ? 'paused' : 'open',
      queued,
      running,
      done,
      failed,
      retried,
      maxQueueSize: Number.isFinite(maxQueueSize) ? maxQueueSize : undefined,
      sharedMemory: { ...sharedMemory, limit: memory && memory.limit * 2 * options.processes },
      sampling: Math.max(tracing.mask, 0) + 1,
      processes: supervisor.children.map((child) => this.#readProcess(child)),
      maps: readMaps(maps),
      streams: firstOf(streams, readStream),
      calls: maps.unfinished.size + streams.size,
    };
  }

  #readProcess(child: ChildHandle): ProcessReading {
    const now = performance.now();
    const { pid, place, state, restarts, inFlight, concurrency, done, failed, usage } = child;
    const tasks = child.listOldest(Math.min(concurrency, 64));
    for (const { task, sentAt } of tasks) {
      if (now - sentAt >= MIN_FOLLOWED_AGE) this.#parts.tracing.tasks?.follow(task, sentAt, child);
    }
    return {
      pid,
      place,
      state,
      restarts,
      age: now - child.startedAt,
      running: Math.min(inFlight, concurrency),
      prefetched: Math.max(inFlight - concurrency, 0),
      concurrency,
      done,
      failed,
      memory: usage?.memory,
      active: usage?.eventLoop.active,
      tasks: tasks.slice(0, MAX_TASKS).map(({ id, task, sentAt }) => ({
        id,
        task: task.job.fn.name,
        args: task.args,
        attempt: task.attempt,
        age: now - sentAt,
      })),
    };
  }
}

/** Describes the first of many, and does not look at the others. */
function firstOf<T, R>(values: Iterable<T>, describe: (value: T) => R): R[] {
  const described: R[] = [];
  for (const value of values) {
    if (described.length === MAX_CALLS) break;
    described.push(describe(value));
  }
  return described;
}

/** The maps that have not ended, of a local or distributed pool. */
export function readMaps({ unfinished }: Maps): MapReading[] {
  return firstOf(unfinished, ([id, { name, startedAt, isStalled, size, result }]) => ({
    id,
    task: name,
    startedAt,
    isStalled,
    progress: result,
    total: Number.isFinite(size) ? size : undefined,
  }));
}

/** @returns whether there is such a map. */
export function cancelMap(maps: Maps, id: number): boolean {
  const map = maps.unfinished.get(id);
  // As a failure that the program has not asked for, it is reported if the map is not awaited.
  map?.result.cancelForPool(createReason('map'));
  return map !== undefined;
}

function readStream({ id, job, startedAt, isStalled, received, waiting }: StreamTask): StreamReading {
  return { id, task: job.fn.name, startedAt, isStalled, items: received, waiting };
}

/** The reason with which what a person cancels in the dashboard rejects. */
function createReason(what: 'map' | 'task'): DOMException {
  return new DOMException(`the ${what} was cancelled in the dashboard`, 'AbortError');
}
