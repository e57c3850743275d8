import type { Emitter } from '../util/emitter.js';
import type { PoolEvents } from './events.js';
import { Insights } from './measure/insights.js';
import { TaskStatsCollector } from './measure/task-stats.js';
import { Trace } from './trace/trace.js';

/** The part of a pool that {@link Observers} read. */
export interface ObservedPool {
  readonly isSettled: boolean;
  /** The number of tasks that wait for a free slot. */
  readonly queued: number;
}

/** The listeners that the options `measure` and `trace` add to a pool. */
export class Observers {
  readonly taskStats: TaskStatsCollector | undefined;
  readonly insights: Insights | undefined;
  readonly #trace: Trace | undefined;

  /** @throws the error of the file system if the trace file cannot be created. */
  constructor(
    { name, measure, trace }: { name: string; measure: boolean; trace?: string | URL },
    events: Emitter<PoolEvents>,
    getPool: () => ObservedPool | undefined,
  ) {
    this.taskStats = measure ? new TaskStatsCollector(events) : undefined;
    this.insights = measure ? new Insights(events, () => getPool()?.isSettled === false) : undefined;
    this.#trace = trace === undefined ? undefined : new Trace(trace, name, events, () => getPool()?.queued ?? 0);
  }

  close(): void {
    this.#trace?.close();
  }
}
