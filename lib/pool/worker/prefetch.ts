/** How much work a child has beside the tasks it runs, in milliseconds: as much as it does before it answers. */
const AHEAD = 8;
/** In tasks. */
const MAX_AHEAD = 512;
/** How much is kept of a longer time ahead whenever it sufficed. */
const KEPT = 0.98;
/** How much a new measurement counts against those before it. */
const WEIGHT = 0.3;
/** A task that takes longer than this, in milliseconds, makes its function a long one. */
const MAX_SHORT = 50;
/** If answers follow one another faster than this, in milliseconds, each task has waited for the others, and for a core. */
const MAX_TINY = 2;

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
 *
 * Of more processes than cores, each mostly waits for a core, and so does the parent. So a child that has nothing left when it
 * answers is sent more, up to what it does in its part of the cores.
 */
export class Prefetch {
  readonly #crowding: number;
  #interval = Number.POSITIVE_INFINITY;
  /** In milliseconds. */
  #ahead = AHEAD;
  #last = 0;
  #size = 0;
  /** Tasks in flight of functions that may be long. */
  #long = 0;

  /** @param crowding - the number of processes for each core, at least 1. */
  constructor(crowding: number) {
    this.#crowding = crowding;
  }

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
    const isShort = time < (this.#interval < MAX_TINY ? MAX_SHORT * this.#crowding : MAX_SHORT);
    if (isShort === fn.isShort) return;
    fn.isShort = isShort;
    this.#long += isShort ? -fn.inFlight : fn.inFlight;
  }

  /** It was not begun. */
  onReturned(fn: FunctionPace): void {
    fn.inFlight--;
    if (!fn.isShort) this.#long--;
  }

  /**
   * This many answers came in one read.
   *
   * @param isDry - the child has nothing to do now.
   */
  observe(answers: number, now: number, isDry: boolean): void {
    const interval = (now - this.#last) / answers;
    this.#last = now;
    this.#interval =
      this.#interval === Number.POSITIVE_INFINITY ? interval : this.#interval + WEIGHT * (interval - this.#interval);
    this.#ahead = isDry ? Math.min(this.#ahead * 2, AHEAD * this.#crowding) : Math.max(this.#ahead * KEPT, AHEAD);
    this.#size = Math.min(MAX_AHEAD, Math.floor(this.#ahead / this.#interval));
  }
}
