import type { AnyFunction } from '../pool/job.js';
import { performance } from '../util/clock.js';

/** A time too short to be measured. */
const SHORTEST = 0.1;

/** Counts the tasks of each function, to know how many of them this host gets done in a while. */
export class Rates {
  readonly #counts = new Map<AnyFunction, number>();

  count(fn: AnyFunction): void {
    this.#counts.set(fn, this.#get(fn) + 1);
  }

  /** @returns what gives the number of tasks done in a millisecond since then, those of other chunks included. */
  begin(fn: AnyFunction): () => number {
    const count = this.#get(fn);
    const time = performance.now();
    return () => (this.#get(fn) - count) / Math.max(performance.now() - time, SHORTEST);
  }

  #get(fn: AnyFunction): number {
    return this.#counts.get(fn) ?? 0;
  }
}
