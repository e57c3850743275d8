import type { TaskTimes } from './task-times.js';

/** How much work to hold beside the tasks that run, in milliseconds, if the datastore answers at once. */
const MIN_AHEAD = 10;
/** A fetch takes one round trip, and sometimes two. */
const ROUND_TRIPS_AHEAD = 2;
/** The shortest time of a task that counts, in milliseconds. */
const MIN_TIME = 0.001;

/** How many chunks are remembered. */
const KEPT_CHUNKS = 20;

/**
 * Decides when a host fetches more: when it holds fewer tasks than slots, and those that it begins before a fetch brings
 * others.
 */
export class Capacity {
  readonly #slots: number;
  readonly #times: TaskTimes;
  #reserved = 0;
  /** The numbers of tasks in the last chunks. */
  #chunks: readonly number[] = [];
  /** How long the last tasks occupied a slot, as a moving average, in milliseconds. */
  #taskTime = Number.POSITIVE_INFINITY;
  /** The clock of the tasks when the last one ended. */
  #endedAt = 0;
  /** Whether a task has ended since the host was last idle. */
  #hasEnded = false;

  constructor(slots: number, times: TaskTimes) {
    this.#slots = slots;
    this.#times = times;
  }

  /**
   * Whether the host has room for another chunk.
   *
   * @param coming - how many chunks may be on their way, or have arrived and not begun.
   * @param roundTrip - how long the datastore takes to answer, in milliseconds.
   */
  hasRoom(coming: number, roundTrip: number): boolean {
    if (this.isReserved) return false;
    const ahead = this.#tasksIn(MIN_AHEAD + ROUND_TRIPS_AHEAD * roundTrip);
    return this.#times.running + coming * this.#nextChunk < this.#slots + ahead;
  }

  /** Whether another chunk begins at once. If not, its tasks wait in the pool, by priority. */
  hasFreeSlot(coming: number): boolean {
    return this.#times.running + coming * this.#nextChunk < this.#slots;
  }

  /**
   * The next chunk is probably as large as the last one. After a pause it may be as large as any: a host that fetched two at
   * once would take the work of another that has nothing to do.
   */
  get #nextChunk(): number {
    return this.#hasEnded ? (this.#chunks.at(-1) ?? 1) : Math.max(1, ...this.#chunks);
  }

  /** The numbers of tasks in the last chunks that have begun. */
  get lastChunks(): readonly number[] {
    return this.#chunks;
  }

  /** Whether another job must not run here now: it was fetched while the current one was not known. */
  get isReserved(): boolean {
    return this.#reserved > 0;
  }

  /** Reserves the host for the current job: there is no room for others until {@link unreserve}. */
  reserve(): void {
    this.#reserved++;
  }

  unreserve(): void {
    this.#reserved--;
  }

  /** A chunk begins. */
  begin(tasks: number): void {
    this.#chunks = [...this.#chunks.slice(1 - KEPT_CHUNKS), tasks];
  }

  /** A task has ended. @param time - how long it occupied a slot, in milliseconds. */
  end(time: number): void {
    const last = Number.isFinite(this.#taskTime) ? this.#taskTime : time;
    this.#taskTime = last + (time - last) / this.#slots;
    this.#endedAt = this.#times.clock;
    this.#hasEnded = this.#times.running > 0;
  }

  /** How many tasks the host probably ends in this period, in milliseconds. */
  #tasksIn(period: number): number {
    // The tasks that run may take longer than those before.
    const time = Math.max(this.#taskTime, this.#times.clock - this.#endedAt, MIN_TIME);
    const tasks = Math.floor((this.#slots * period) / time);
    // After a pause they may take much longer, and the other hosts have nothing to do.
    return this.#hasEnded ? tasks : Math.min(this.#slots, tasks);
  }
}
