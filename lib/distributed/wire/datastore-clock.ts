import { performance, RealDate } from '../../util/clock.js';

/** This machine's clock may differ from the datastore's by this many milliseconds without being reported. */
const MAX_SKEW = 1000;

/**
 * The clock of the datastore, which all callers and hosts can read. Leases count by it, because the clocks of machines
 * differ.
 *
 * Between two readings it runs with the monotonic clock of this process, so that a change of this machine's time has no
 * effect on it.
 */
export class DatastoreClock {
  /** The datastore's time when `performance.now()` was 0. */
  #origin: number | undefined;
  #skew = 0;
  #reported = 0;

  /**
   * Reads the clock.
   *
   * @param read - asks the datastore for its time, in milliseconds since 1970.
   */
  async sync(read: () => Promise<number>): Promise<void> {
    const sentAt = performance.now();
    const time = await read();
    const roundTrip = performance.now() - sentAt;
    this.#origin = time + roundTrip / 2 - performance.now();
    // Half of the round trip may be an error of the measurement.
    const skew = RealDate.now() - this.now();
    this.#skew = Math.sign(skew) * Math.max(0, Math.abs(skew) - roundTrip / 2);
  }

  /** The datastore's time, in milliseconds since 1970; this machine's, until it has been read once. */
  now(): number {
    return this.#origin === undefined ? RealDate.now() : this.#origin + performance.now();
  }

  /** How many milliseconds this machine's clock is ahead of the datastore's, at least. Negative: behind. */
  get skew(): number {
    return this.#skew;
  }

  /** The skew if it has passed {@link MAX_SKEW}, or has changed by as much, since the last call. */
  takeSkewToReport(): number | undefined {
    if (Math.abs(this.#skew - this.#reported) < MAX_SKEW) return undefined;
    this.#reported = this.#skew;
    return Math.abs(this.#skew) < MAX_SKEW ? undefined : this.#skew;
  }
}
