/** How much work a child has beside the tasks it runs, in milliseconds: as much as it does before it answers. */
const AHEAD = 8;
const MAX_AHEAD = 512;
/** How much a new measurement counts against those before it. */
const WEIGHT = 0.3;
/** A task that takes longer than this, in milliseconds, makes its function a long one. */
const MAX_SHORT = 50;

/** How fast the tasks of a function are answered by a child. */
export interface FunctionPace {
  /** Its number in the child. */
  readonly id: number;
  inFlight: number;
  /** Whether its last task was answered soon; `false` for a new function. */
  isShort: boolean;
}

/**
 * How many tasks to send to a child before it has room for them.
 *
 * For short tasks many, since the child would wait for the pipe otherwise; for long tasks none, since a task could wait behind
 * a long one while another process is free. The measure is the time between the answers of a child that is never idle.
 * While a function runs that may be long, no task is sent that would have to wait for it.
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

  /** The child is no longer idle. */
  start(now: number): void {
    this.#last = now;
  }

  onSent(fn: FunctionPace): void {
    fn.inFlight++;
    if (!fn.isShort) this.#long++;
  }

  /** @param time - since the task was sent. */
  onAnswered(fn: FunctionPace, time: number): void {
    fn.inFlight--;
    if (!fn.isShort) this.#long--;
    const isShort = time < MAX_SHORT;
    if (isShort === fn.isShort) return;
    fn.isShort = isShort;
    this.#long += isShort ? -fn.inFlight : fn.inFlight;
  }

  /** It was not begun. */
  onReturned(fn: FunctionPace): void {
    fn.inFlight--;
    if (!fn.isShort) this.#long--;
  }

  /** This many answers came in one read. */
  observe(answers: number, now: number): void {
    const interval = (now - this.#last) / answers;
    this.#last = now;
    this.#interval =
      this.#interval === Number.POSITIVE_INFINITY ? interval : this.#interval + WEIGHT * (interval - this.#interval);
    this.#size = Math.min(MAX_AHEAD, Math.floor(AHEAD / Math.max(this.#interval, AHEAD / MAX_AHEAD)));
  }
}
