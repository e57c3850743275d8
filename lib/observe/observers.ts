import type { EventEmitter } from 'eventemitter3';
import type { PoolEvents } from './events.js';
import { Insights } from './insights.js';
import { Measurements } from './measurements.js';
import { Trace } from './trace.js';

/** What {@link Observers} ask of their pool. */
export interface ObservedPool {
  readonly isSettled: boolean;
  /** How many tasks wait for a free slot. */
  readonly queued: number;
}

/** Those who listen to a pool because its options ask for it. */
export class Observers {
  readonly measurements: Measurements | undefined;
  readonly insights: Insights | undefined;
  readonly #trace: Trace | undefined;

  /** @throws what the file system says if there can be no such trace. */
  constructor(
    { name, measure, trace }: { name: string; measure: boolean; trace?: string | URL },
    events: EventEmitter<PoolEvents>,
    getPool: () => ObservedPool | undefined,
  ) {
    this.measurements = measure ? new Measurements(events) : undefined;
    this.insights = measure ? new Insights(events, () => getPool()?.isSettled === false) : undefined;
    this.#trace = trace === undefined ? undefined : new Trace(trace, name, events, () => getPool()?.queued ?? 0);
  }

  close(): void {
    this.#trace?.close();
  }
}
