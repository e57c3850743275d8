import { performance } from '../../util/clock.js';

/** The length of the window; each second has its own count. */
const SECONDS = 10;

/** The current rate of events per second, over a sliding window. */
export class Throughput {
  readonly #begin = performance.now();
  /** A ring: second `n` is at index `n` modulo the length. */
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

  /** Events per second, over the window or the time since creation. */
  read(): number {
    const age = (performance.now() - this.#begin) / 1000;
    const first = Math.max(0, Math.floor(age) - SECONDS);
    const total = this.#counts.reduce((sum, { second, count }) => (second >= first ? sum + count : sum), 0);
    return total / Math.max(age - first, 1e-3);
  }
}
