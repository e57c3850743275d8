import { performance } from '../../util/clock.js';
import type { Emitter } from '../../util/emitter.js';
import type { CancelledInfo, EndedInfo, FailedInfo, PoolEvents, ProcessInfo } from '../events.js';
import { SlowestTasks, type SlowTask } from './slowest-tasks.js';
import { type TimeShares, TimeShareTracker } from './time-shares.js';

/**
 * How the processes in one seat of the pool spent their time.
 *
 * @since 0.2.0
 */
export interface ProcessInsights extends TimeShares {
  /** The index of the seat. */
  place: number;
  /** The number of tasks that have run. */
  tasks: number;
}

/**
 * How a pool spent its time.
 *
 * @since 0.2.0
 */
export interface PoolInsights {
  /** Since the pool was created, in milliseconds. */
  time: number;
  /** By seat. A process that replaces another has the same seat. */
  processes: ProcessInsights[];
  /** The sum over all processes. */
  total: TimeShares;
  /** The ten slowest tasks, the slowest first. */
  slowest: SlowTask[];
}

/** Computes from the events of a pool how it spent its time. */
export class Insights {
  readonly #begin = performance.now();
  readonly #slowest = new SlowestTasks();
  readonly #trackers: TimeShareTracker[] = [];
  readonly #hasWork: () => boolean;
  #hadWork = false;

  /** @param hasWork - whether the pool has calls that have not settled. */
  constructor(events: Emitter<PoolEvents>, hasWork: () => boolean) {
    this.#hasWork = hasWork;
    events.on('processStarted', (info) => this.#trackerOf(info).start(info.pid));
    events.on('processReady', (info) => this.#trackerOf(info).onReady(info, this.#hasWork()));
    events.on('processExited', (info) => this.#trackerOf(info).end(info.pid));
    events.on('taskQueued', () => this.#updateHasWork());
    events.on('taskStarted', (info) => this.#trackerOf(info).onTaskStarted(info.pid));
    events.on('taskSucceeded', (info) => this.#onEnded(info));
    events.on('taskFailed', (info) => this.#onEnded(info));
    events.on('taskRetried', (info) => this.#onEnded(info));
    events.on('taskCancelled', (info) => this.#onEnded(info));
  }

  #onEnded(info: EndedInfo | FailedInfo | CancelledInfo): void {
    // A task that was never sent has used no time of a process.
    if (info.runTime !== undefined) {
      const ended = info as EndedInfo;
      this.#trackerOf(ended).onTaskEnded(ended.pid, this.#hasWork());
      this.#slowest.add(ended);
    }
    this.#updateHasWork();
  }

  read(): PoolInsights {
    const processes = this.#trackers.map((tracker, place) => ({ place, tasks: tracker.tasks, ...tracker.read() }));
    const total = { startUp: 0, init: 0, working: 0, waiting: 0, idle: 0 };
    for (const shares of processes) for (const name of SHARES) total[name] += shares[name];
    return { time: performance.now() - this.#begin, processes, total, slowest: this.#slowest.read() };
  }

  #trackerOf({ place }: ProcessInfo): TimeShareTracker {
    while (this.#trackers.length <= place) this.#trackers.push(new TimeShareTracker());
    return this.#trackers[place] as TimeShareTracker;
  }

  /** A process without a task counts as waiting while the pool has work, otherwise as idle. */
  #updateHasWork(): void {
    const hasWork = this.#hasWork();
    if (hasWork === this.#hadWork) return;
    this.#hadWork = hasWork;
    for (const tracker of this.#trackers) tracker.setHasWork(hasWork);
  }
}

const SHARES = ['startUp', 'init', 'working', 'waiting', 'idle'] as const satisfies (keyof TimeShares)[];
