import { performance } from '../util/clock.js';

/** How many seconds are looked back, each with a count of its own. */
const SECONDS = 10;

/** How many events there are in a second, at present. */
export class Throughput {
  readonly #begin = performance.now();
  /** The count of second `n` stands at `n % SECONDS`, beside `n`. */
  readonly #counts = Array.from({ length: SECONDS + 1 }, () => ({ second: -1, count: 0 }));

  count(): void {
    const second = Math.floor((performance.now() - this.#begin) / 1000);
    const current = this.#counts[second % this.#counts.length] as { second: number; count: number };
    if (current.second !== second) {
      current.second = second;
      current.count = 0;
    }
    current.count++;
  }

  /** Events in a second, over the last ten seconds or as long as there is this. */
  read(): number {
    const age = (performance.now() - this.#begin) / 1000;
    const first = Math.max(0, Math.floor(age) - SECONDS);
    const total = this.#counts.reduce((sum, { second, count }) => (second >= first ? sum + count : sum), 0);
    return total / Math.max(age - first, 1e-3);
  }
}
