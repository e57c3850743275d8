import { performance } from '../../util/clock.js';

/**
 * How much work to hold, in milliseconds: longer than a fetch takes, and short enough that other hosts do not run dry.
 */
const WORK_AHEAD = 20;
/** The time constant of the moving average of the rate, in milliseconds. */
const SMOOTHING = 500;

/** Decides when a host fetches more: when it has fewer tasks than slots, or than it finishes in {@link WORK_AHEAD}. */
export class Capacity {
  readonly #slots: number;
  #running = 0;
  #reserved = 0;
  /** The recent rate, in tasks per millisecond. */
  #rate = 0;
  #done = 0;
  #since = performance.now();
  #wake: (() => void) | undefined;

  constructor(slots: number) {
    this.#slots = slots;
  }

  get running(): number {
    return this.#running;
  }

  get #isFull(): boolean {
    return this.#reserved > 0 || (this.#running >= this.#slots && this.#running >= this.#rate * WORK_AHEAD);
  }

  /** Resolves when the host has room for another job, or {@link stop} is called. */
  hasRoom(): Promise<void> {
    this.#measure();
    if (!this.#isFull) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Reserves the host for the current job: there is no room for others until {@link unreserve}. */
  reserve(): void {
    this.#reserved++;
  }

  unreserve(): void {
    this.#reserved--;
    this.#wakeIfRoom();
  }

  begin(tasks: number): void {
    this.#running += tasks;
  }

  end(): void {
    this.#running--;
    this.#done++;
    this.#wakeIfRoom();
  }

  #wakeIfRoom(): void {
    if (this.#wake !== undefined && !this.#isFull) this.stop();
  }

  /** Resolves a pending {@link hasRoom}, whose caller then sees that the host is closing. */
  stop(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #measure(): void {
    const now = performance.now();
    const time = now - this.#since;
    if (time < WORK_AHEAD) return;
    const weight = Math.min(1, time / SMOOTHING);
    this.#rate += (this.#done / time - this.#rate) * weight;
    this.#done = 0;
    this.#since = now;
  }
}
