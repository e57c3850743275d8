import { clearInterval, clearTimeout, performance, setImmediate, setInterval, setTimeout } from './clock.js';

/**
 * Deadlines that exclude the time in which this process itself stood still: it was stopped (Ctrl-Z, SIGSTOP), its
 * container was paused, its machine slept, or its event loop was blocked. The awaited process may have stood still as
 * well, or its answer may wait to be read.
 *
 * No clock reports such a time afterwards. So while a deadline is set, a ticker reads the clock, and the time between
 * two ticks that are too far apart does not count. Without a deadline, no ticker runs.
 */

/** The time between two ticks, in milliseconds: a quarter of the shortest deadline, to detect a stop of that length. */
const MAX_PERIOD = 250;
const MIN_PERIOD = 25;
const TICKS_PER_DEADLINE = 4;

/** Counts the time in which this process ran, while a deadline is set. */
class RunningClock {
  #period = MAX_PERIOD;
  #ticker: NodeJS.Timeout | undefined;
  #users = 0;
  /** The time counted until the last tick, and the time of that tick. */
  #counted = 0;
  #lastTick = 0;
  #wasLate = false;

  /** @param time - the time of the deadline, in milliseconds. */
  acquire(time: number): void {
    const period = Math.min(Math.max(time / TICKS_PER_DEADLINE, MIN_PERIOD), MAX_PERIOD);
    if (this.#users++ > 0 && period >= this.#period) return;
    if (this.#ticker === undefined) this.#lastTick = performance.now();
    else this.#tick();
    clearInterval(this.#ticker);
    this.#period = period;
    this.#ticker = setInterval(this.#tick, period).unref();
  }

  release(): void {
    if (--this.#users > 0) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#wasLate = false;
  }

  /** In milliseconds. Only differences are meaningful, and only while the clock is acquired. */
  now(): number {
    return this.#counted + this.#count(performance.now() - this.#lastTick);
  }

  readonly #tick = (): void => {
    const now = performance.now();
    const elapsed = now - this.#lastTick;
    this.#counted += this.#count(elapsed);
    this.#wasLate = this.#isLate(elapsed);
    this.#lastTick = now;
  };

  /** A process that is late twice in a row is busy: its time must continue, however slowly. */
  #count(elapsed: number): number {
    if (!this.#isLate(elapsed)) return elapsed;
    return this.#wasLate ? this.#period : 0;
  }

  #isLate(elapsed: number): boolean {
    return elapsed > 2 * this.#period;
  }
}

const clock = new RunningClock();

/**
 * Calls back once, after this process has run for the given time. Does not keep the program alive.
 *
 * Input that arrived before the deadline is read first: an answer in time is never overtaken by its deadline.
 *
 * @example
 * ```ts
 * const deadline = new Deadline(5000, () => child.kill('SIGKILL'));
 * child.once('exit', () => deadline.clear());
 * ```
 */
export class Deadline {
  readonly #due: number;
  readonly #onPassed: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isPending = true;

  /** @param time - in milliseconds, at most `MAX_DELAY`. */
  constructor(time: number, onPassed: () => void) {
    clock.acquire(time);
    this.#due = clock.now() + time;
    this.#onPassed = onPassed;
    this.#wait(time);
  }

  /** Cancels the deadline. Has no effect once it has passed. */
  clear(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    clearTimeout(this.#timer);
    clock.release();
  }

  #wait(time: number): void {
    this.#timer = setTimeout(this.#check, time).unref();
  }

  readonly #check = (): void => {
    const left = this.#due - clock.now();
    // A timer may fire a fraction of a millisecond early.
    if (left >= 1) this.#wait(left);
    else setImmediate(this.#pass);
  };

  readonly #pass = (): void => {
    if (!this.#isPending) return;
    this.clear();
    this.#onPassed();
  };
}
