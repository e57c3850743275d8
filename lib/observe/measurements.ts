import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { EventEmitter } from 'eventemitter3';
import type { EndedInfo, PoolEvents } from './events.js';
import { Throughput } from './throughput.js';

/** Nanoseconds in a millisecond: a histogram takes integers. */
const NANOSECONDS = 1e6;

/** How some times are spread, in milliseconds. The percentiles are right to one part in a hundred. */
export interface TimeStats {
  count: number;
  min: number;
  max: number;
  mean: number;
  stddev: number;
  p50: number;
  p90: number;
  p99: number;
}

/** What a pool has measured of the tasks that have run. */
export interface TaskStats {
  /** From the call until the task began. */
  waitTime: TimeStats;
  /** Measured in the process. */
  runTime: TimeStats;
  /** Tasks that ended in a second, over the last ten seconds or the time since the pool was made. */
  throughput: number;
}

/** Measures every task that has run, in the same memory however many there are. */
export class Measurements {
  readonly #waitTimes = createHistogram({ figures: 2 });
  readonly #runTimes = createHistogram({ figures: 2 });
  readonly #throughput = new Throughput();

  constructor(events: EventEmitter<PoolEvents>) {
    const onEnded = ({ waitTime, runTime }: Partial<EndedInfo>) => {
      this.#throughput.count();
      if (waitTime !== undefined) record(this.#waitTimes, waitTime);
      if (runTime !== undefined) record(this.#runTimes, runTime);
    };
    events.on('taskSucceeded', onEnded);
    events.on('taskFailed', onEnded);
    events.on('taskRetried', onEnded);
  }

  read(): TaskStats {
    return {
      waitTime: readHistogram(this.#waitTimes),
      runTime: readHistogram(this.#runTimes),
      throughput: this.#throughput.read(),
    };
  }
}

function record(histogram: RecordableHistogram, time: number): void {
  histogram.record(Math.max(1, Math.round(time * NANOSECONDS)));
}

function readHistogram(histogram: RecordableHistogram): TimeStats {
  const { count } = histogram;
  if (count === 0) return { count, min: 0, max: 0, mean: 0, stddev: 0, p50: 0, p90: 0, p99: 0 };
  const percentile = (part: number) => histogram.percentile(part) / NANOSECONDS;
  return {
    count,
    min: histogram.min / NANOSECONDS,
    max: histogram.max / NANOSECONDS,
    mean: histogram.mean / NANOSECONDS,
    stddev: histogram.stddev / NANOSECONDS,
    p50: percentile(50),
    p90: percentile(90),
    p99: percentile(99),
  };
}
