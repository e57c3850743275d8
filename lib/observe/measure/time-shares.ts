import { performance } from '../../util/clock.js';
import type { ReadyInfo } from '../events.js';

/**
 * How processes spent their time, in milliseconds. The sum is their lifetime.
 *
 * @since 0.2.0
 */
export interface TimeShares {
  /** From the start of a process to the start of its initializers. */
  startUp: number;
  /** Running initializers. */
  init: number;
  /** Running one or more tasks. */
  working: number;
  /** Without a task while the pool had work: other processes had all of it, or the input had not arrived yet. */
  waiting: number;
  /** Without a task while the pool had no work. */
  idle: number;
}

/** The current state of one process. */
interface Activity {
  state: keyof TimeShares;
  since: number;
  running: number;
}

/** Adds up the time of the processes in one seat of a pool. While one replaces another, there are two. */
export class TimeShareTracker {
  /** The number of tasks that have run. */
  tasks = 0;
  readonly #shares: TimeShares = { startUp: 0, init: 0, working: 0, waiting: 0, idle: 0 };
  readonly #activities = new Map<number | undefined, Activity>();

  start(pid: number | undefined): void {
    this.#activities.set(pid, { state: 'startUp', since: performance.now(), running: 0 });
  }

  onReady({ pid, startUpTime, initTime }: ReadyInfo, hasWork: boolean): void {
    this.#shares.startUp += startUpTime;
    this.#shares.init += initTime;
    this.#activities.set(pid, { state: hasWork ? 'waiting' : 'idle', since: performance.now(), running: 0 });
  }

  onTaskStarted(pid: number | undefined): void {
    const activity = this.#activities.get(pid);
    if (activity !== undefined && activity.running++ === 0) this.#enter(activity, 'working');
  }

  onTaskEnded(pid: number | undefined, hasWork: boolean): void {
    this.tasks++;
    const activity = this.#activities.get(pid);
    if (activity !== undefined && --activity.running === 0) this.#enter(activity, hasWork ? 'waiting' : 'idle');
  }

  /** Called when the pool gets work, or has none left. */
  setHasWork(hasWork: boolean): void {
    for (const activity of this.#activities.values()) {
      if (activity.state === 'waiting' || activity.state === 'idle')
        this.#enter(activity, hasWork ? 'waiting' : 'idle');
    }
  }

  end(pid: number | undefined): void {
    const activity = this.#activities.get(pid);
    if (activity !== undefined) this.#enter(activity, activity.state);
    this.#activities.delete(pid);
  }

  read(): TimeShares {
    for (const activity of this.#activities.values())
      if (activity.state !== 'startUp') this.#enter(activity, activity.state);
    const shares = { ...this.#shares };
    // Start-up time is added once the process is ready, because only then its parts are known.
    for (const { state, since } of this.#activities.values()) shares[state] += performance.now() - since;
    return shares;
  }

  #enter(activity: Activity, state: keyof TimeShares): void {
    const now = performance.now();
    this.#shares[activity.state] += now - activity.since;
    activity.state = state;
    activity.since = now;
  }
}
