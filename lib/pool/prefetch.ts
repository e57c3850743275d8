/** Work that a child has beside the tasks it runs, in milliseconds: as much as it does before it answers. */
const AHEAD = 8;
const MAX_AHEAD = 512;
/** How much a new measurement counts against those before it. */
const WEIGHT = 0.3;
/** A function whose task was answered later than this, in milliseconds, may take as long again. */
const MAX_SHORT = 50;

/** What is known of a function in a child. */
export interface Pace {
  /** Its number in the child. */
  readonly id: number;
  inFlight: number;
  /** Its last task was answered soon. Of a new function that is not known. */
  isShort: boolean;
}

/**
 * How many tasks to send to a child before it has room for them.
 *
 * Short tasks want many, or the child waits for the pipe; long ones none, or a task waits behind a long one while
 * another process is free. What is measured is the time between answers of a child that always has something to do.
 * While a function is running that may be a long one, nothing is sent that would have to wait for it.
 */
export class Prefetch {
  #interval = Number.POSITIVE_INFINITY;
  #last = 0;
  #size = 0;
  /** Tasks in flight of functions that may be long. */
  #long = 0;

  /** The number of tasks. */
  get size(): number {
    return this.#long > 0 ? 0 : this.#size;
  }

  /** The child has something to do again. */
  start(now: number): void {
    this.#last = now;
  }

  onSent(pace: Pace): void {
    pace.inFlight++;
    if (!pace.isShort) this.#long++;
  }

  /** @param time - since the task was sent. */
  onAnswered(pace: Pace, time: number): void {
    pace.inFlight--;
    if (!pace.isShort) this.#long--;
    const isShort = time < MAX_SHORT;
    if (isShort === pace.isShort) return;
    pace.isShort = isShort;
    this.#long += isShort ? -pace.inFlight : pace.inFlight;
  }

  /** `answers` came at once. */
  observe(answers: number, now: number): void {
    const interval = (now - this.#last) / answers;
    this.#last = now;
    this.#interval =
      this.#interval === Number.POSITIVE_INFINITY ? interval : this.#interval + WEIGHT * (interval - this.#interval);
    this.#size = Math.min(MAX_AHEAD, Math.floor(AHEAD / Math.max(this.#interval, AHEAD / MAX_AHEAD)));
  }
}
