import { MAX_UNWRITTEN } from '../protocol/messages.js';
import { performance } from '../util/clock.js';

/**
 * How long tasks may follow one another, in milliseconds, before input, timers and results get their turn. Each turn wakes
 * the parent, which takes a core from one of the children where there are as many children as cores.
 */
const MAX_BATCH = 8;
/** How many tasks may start between two looks at the clock, and in what time: a look costs as much as a tiny task. */
const MAX_STRIDE = 16;
const MAX_UNSEEN = 0.25;

/**
 * Decides when another task may start: a slot is free, the parent knows enough of the tasks that have begun, and the current
 * batch of tasks has not blocked the event loop for too long.
 */
export class StartLimit {
  /** The batch has taken its time: the event loop must come round before another task starts. */
  isBatchOver = false;
  readonly #concurrency: number;
  /** How many tasks may have begun without their result being written. */
  readonly #maxBegun: number;
  #running = 0;
  #unwritten = 0;
  #batchStart = 0;
  #lastLook = 0;
  #stride = 1;
  #left = 1;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
    this.#maxBegun = Math.max(MAX_UNWRITTEN, concurrency);
  }

  get mayStart(): boolean {
    return this.#running < this.#concurrency && this.#running + this.#unwritten < this.#maxBegun && !this.isBatchOver;
  }

  /** The event loop has come round: a new batch begins. */
  beginBatch(): void {
    this.isBatchOver = false;
    this.#batchStart = this.#lastLook = performance.now();
  }

  /** A task starts; {@link onStarted} follows when it has run up to its first `await`. */
  onStart(): void {
    this.#running++;
  }

  onStarted(): void {
    if (--this.#left > 0) return;
    const now = performance.now();
    const isShort = now - this.#lastLook < MAX_UNSEEN;
    this.#stride = isShort ? Math.min(this.#stride * 2, MAX_STRIDE) : 1;
    this.#left = this.#stride;
    this.#lastLook = now;
    this.isBatchOver = now - this.#batchStart > MAX_BATCH;
  }

  /** A task has ended, and its result is not written yet. */
  onEnd(): void {
    this.#running--;
    this.#unwritten++;
  }

  /** All results are written. */
  onWritten(): void {
    this.#unwritten = 0;
  }
}
