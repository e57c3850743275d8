/** The weight of the latest measurement in the moving average. */
const WEIGHT = 1 / 4;
/** A longer wait is an outage of the datastore, not its distance, in milliseconds. */
const LONGEST = 2000;

/** The time that the datastore takes to answer, as a moving average. */
export class RoundTrip {
  #time: number | undefined;

  /** In milliseconds; 0 before the first measurement. */
  get time(): number {
    return this.#time ?? 0;
  }

  note(time: number): void {
    const last = this.#time ?? time;
    this.#time = Math.min(LONGEST, last + (time - last) * WEIGHT);
  }
}
