import type { EventEmitter } from 'eventemitter3';
import { performance } from '../util/clock.js';
import type { CancelledInfo, EndedInfo, FailedInfo, PoolEvents, ProcessInfo } from './events.js';
import { ProcessClock, type TimeShares } from './process-clock.js';
import { Slowest, type SlowTask } from './slowest.js';

/** Where the time of one process went, and of those that were in its place before. */
export interface ProcessInsights extends TimeShares {
  place: number;
  /** Tasks that have run. */
  tasks: number;
}

/** Where the time of a pool went. */
export interface PoolInsights {
  /** Since the pool was made, in milliseconds. */
  time: number;
  processes: ProcessInsights[];
  /** The sum of all processes. */
  total: TimeShares;
  /** The ten tasks that took longest, the longest first. */
  slowest: SlowTask[];
}

/** Follows the events of a pool, to say where the time went. */
export class Insights {
  readonly #begin = performance.now();
  readonly #slowest = new Slowest();
  readonly #clocks: ProcessClock[] = [];
  readonly #hasWork: () => boolean;
  #hadWork = false;

  /** @param hasWork - whether the pool was asked for something that is not answered. */
  constructor(events: EventEmitter<PoolEvents>, hasWork: () => boolean) {
    this.#hasWork = hasWork;
    events.on('processStarted', (info) => this.#clockOf(info).start(info.pid));
    events.on('processReady', (info) => this.#clockOf(info).onReady(info, this.#hasWork()));
    events.on('processExited', (info) => this.#clockOf(info).end(info.pid));
    events.on('taskQueued', () => this.#review());
    events.on('taskStarted', (info) => this.#clockOf(info).onTaskStarted(info.pid));
    events.on('taskSucceeded', (info) => this.#onEnded(info));
    events.on('taskFailed', (info) => this.#onEnded(info));
    events.on('taskRetried', (info) => this.#onEnded(info));
    events.on('taskCancelled', (info) => this.#onEnded(info));
  }

  #onEnded(info: EndedInfo | FailedInfo | CancelledInfo): void {
    // One that was never sent has taken no process's time.
    if (info.runTime !== undefined) {
      const ended = info as EndedInfo;
      this.#clockOf(ended).onTaskEnded(ended.pid, this.#hasWork());
      this.#slowest.add(ended);
    }
    this.#review();
  }

  read(): PoolInsights {
    const processes = this.#clocks.map((clock, place) => ({ place, tasks: clock.tasks, ...clock.read() }));
    const total = { startUp: 0, init: 0, working: 0, waiting: 0, idle: 0 };
    for (const shares of processes) for (const name of SHARES) total[name] += shares[name];
    return { time: performance.now() - this.#begin, processes, total, slowest: this.#slowest.read() };
  }

  #clockOf({ place }: ProcessInfo): ProcessClock {
    while (this.#clocks.length <= place) this.#clocks.push(new ProcessClock());
    return this.#clocks[place] as ProcessClock;
  }

  /** Processes that have nothing to do wait while the pool has work, and are idle while it has none. */
  #review(): void {
    const hasWork = this.#hasWork();
    if (hasWork === this.#hadWork) return;
    this.#hadWork = hasWork;
    for (const clock of this.#clocks) clock.review(hasWork);
  }
}

const SHARES = ['startUp', 'init', 'working', 'waiting', 'idle'] as const satisfies (keyof TimeShares)[];
