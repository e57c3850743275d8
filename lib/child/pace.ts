import { performance } from '../util/clock.js';

/**
 * How long tasks may follow one another, in milliseconds, before input, timers and results get their turn. Each turn wakes
 * the parent, which takes a core from one of the children when there are as many as cores.
 */
const MAX_SLICE = 8;
/** How many tasks may start between two looks at the clock, which cost as much as a tiny task, and in what time. */
const MAX_STRIDE = 16;
const MAX_UNSEEN = 0.25;

/** Says when tasks that follow one another have kept the event loop for long enough. */
export class Pace {
  isOver = false;
  #begin = 0;
  #last = 0;
  #stride = 1;
  #left = 1;

  /** The event loop has come round. */
  begin(): void {
    this.isOver = false;
    this.#begin = this.#last = performance.now();
  }

  /** A task was started. */
  count(): void {
    if (--this.#left > 0) return;
    const now = performance.now();
    const isShort = now - this.#last < MAX_UNSEEN;
    this.#stride = isShort ? Math.min(this.#stride * 2, MAX_STRIDE) : 1;
    this.#left = this.#stride;
    this.#last = now;
    this.isOver = now - this.#begin > MAX_SLICE;
  }
}
