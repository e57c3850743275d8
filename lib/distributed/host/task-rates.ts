import type { AnyFunction } from '../../pool/task/job.js';
import { performance } from '../../util/clock.js';

/** The shortest time that counts, in milliseconds: the clock cannot measure shorter ones. */
const MIN_TIME = 0.1;

/** Measures how many tasks of each function this host finishes per millisecond. */
export class TaskRates {
  readonly #counts = new Map<AnyFunction, number>();

  count(fn: AnyFunction): void {
    this.#counts.set(fn, this.#get(fn) + 1);
  }

  /** @returns a function that returns the rate since now, in tasks per millisecond, other chunks included. */
  begin(fn: AnyFunction): () => number {
    const count = this.#get(fn);
    const time = performance.now();
    return () => (this.#get(fn) - count) / Math.max(performance.now() - time, MIN_TIME);
  }

  #get(fn: AnyFunction): number {
    return this.#counts.get(fn) ?? 0;
  }
}
