import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Emitter } from '../../util/emitter.js';
import type { EndedInfo, PoolEvents } from '../events.js';
import { Throughput } from './throughput.js';

/** Nanoseconds per millisecond: a histogram records integers. */
const NANOSECONDS = 1e6;

/**
 * The distribution of a duration, in milliseconds. The percentiles are accurate to 1 %.
 *
 * @since 0.2.0
 */
export interface TimeStats {
  /** The number of measured tasks. */
  count: number;
  /** The shortest duration, in milliseconds. */
  min: number;
  /** The longest duration, in milliseconds. */
  max: number;
  /** The arithmetic mean, in milliseconds. */
  mean: number;
  /** The standard deviation, in milliseconds. */
  stddev: number;
  /** The median, in milliseconds. */
  p50: number;
  /** The duration that 90 % of the tasks do not exceed, in milliseconds. */
  p90: number;
  /** The duration that 99 % of the tasks do not exceed, in milliseconds. */
  p99: number;
}

/**
 * Measurements of the tasks that have run.
 *
 * @since 0.2.0
 */
export interface TaskStats {
  /** From the call to the start of the task. */
  waitTime: TimeStats;
  /** The duration of the task, measured in its process. */
  runTime: TimeStats;
  /** Tasks per second, over the last ten seconds or since the pool was created. */
  throughput: number;
}

/** Measures every task that has run, in constant memory. */
export class TaskStatsCollector {
  readonly #waitTimes = createHistogram({ figures: 2 });
  readonly #runTimes = createHistogram({ figures: 2 });
  readonly #throughput = new Throughput();

  constructor(events: Emitter<PoolEvents>) {
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
