/** How long tasks may follow one another, in milliseconds, before input, timers and results get their turn. */
const MAX_SLICE = 4;
/** How many tasks may start between two looks at the clock: one costs as much as a tiny task. */
const MAX_STRIDE = 16;

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
    const isShort = now - this.#last < MAX_SLICE / MAX_STRIDE;
    this.#stride = isShort ? Math.min(this.#stride * 2, MAX_STRIDE) : 1;
    this.#left = this.#stride;
    this.#last = now;
    this.isOver = now - this.#begin > MAX_SLICE;
  }
}
