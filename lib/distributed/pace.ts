import { performance } from '../util/clock.js';

/** So much work should be at hand: longer than a fetch takes, but not what another host could begin with sooner. */
const AHEAD = 20;
/** What is known of the speed follows it within about so many milliseconds. */
const MEMORY = 500;

/** Says when a host has room for more: when it has not got enough for its slots, or not enough for the next moment. */
export class Pace {
  readonly #slots: number;
  #running = 0;
  #reserved = 0;
  /** Tasks done in a millisecond, lately. */
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
    return this.#reserved > 0 || (this.#running >= this.#slots && this.#running >= this.#rate * AHEAD);
  }

  hasRoom(): Promise<void> {
    this.#measure();
    if (!this.#isFull) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** There is no room for anything else until {@link free}. */
  reserve(): void {
    this.#reserved++;
  }

  free(): void {
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

  /** Lets whoever waits for room go on, to find out that it is over. */
  stop(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #measure(): void {
    const now = performance.now();
    const time = now - this.#since;
    if (time < AHEAD) return;
    const weight = Math.min(1, time / MEMORY);
    this.#rate += (this.#done / time - this.#rate) * weight;
    this.#done = 0;
    this.#since = now;
  }
}
