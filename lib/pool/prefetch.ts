/** Work that a child has beside the tasks it runs, in milliseconds: enough to bridge a round trip. */
const AHEAD = 2;
const MAX_AHEAD = 1024;
/** How much a new measurement counts against those before it. */
const WEIGHT = 0.3;

/**
 * How many tasks to send to a child before it has room for them.
 *
 * Short tasks want many, or the child waits for the pipe; long ones none, or a task waits behind a long one while
 * another process is free. What is measured is the time between answers of a child that always has something to do.
 */
export class Prefetch {
  #interval = Number.POSITIVE_INFINITY;
  #last = 0;

  /** The number of tasks. */
  size = 0;

  /** The child has something to do again. */
  start(now: number): void {
    this.#last = now;
  }

  /** `answers` came at once. */
  observe(answers: number, now: number): void {
    const interval = (now - this.#last) / answers;
    this.#last = now;
    this.#interval =
      this.#interval === Number.POSITIVE_INFINITY ? interval : this.#interval + WEIGHT * (interval - this.#interval);
    this.size = Math.min(MAX_AHEAD, Math.floor(AHEAD / Math.max(this.#interval, AHEAD / MAX_AHEAD)));
  }
}
