import type { Distribution } from '../snapshot.js';

/** The shortest time that is told apart, in milliseconds, and the number of buckets for each power of ten. */
const MIN_TIME = 0.001;
const PER_DECADE = 20;
/** From 1 µs to 28 hours. */
const BUCKETS = 11 * PER_DECADE;

/** How long values count, at least, in milliseconds; at most twice as long. */
const PERIOD = 30_000;

/** The distribution of the durations of the last minute, in constant memory. Percentiles are accurate to 6 %. */
export class TimeHistogram {
  #current = new Period();
  #previous = new Period();
  #rotateAt = 0;

  record(time: number, now: number): void {
    this.#rotate(now);
    this.#current.record(time);
  }

  read(now: number): Distribution {
    this.#rotate(now);
    const counts = this.#current.counts.map((count, at) => count + (this.#previous.counts[at] as number));
    const count = this.#current.count + this.#previous.count;
    const max = Math.max(this.#current.max, this.#previous.max);
    const percentile = (part: number) => Math.min(max, findPercentile(counts, count * part));
    const buckets: Distribution['buckets'] = [];
    counts.forEach((each, at) => {
      if (each > 0) buckets.push([limitOf(at), limitOf(at + 1), each]);
    });
    return { count, p50: percentile(0.5), p90: percentile(0.9), p99: percentile(0.99), max, buckets };
  }

  #rotate(now: number): void {
    if (now < this.#rotateAt) return;
    // After a long pause nothing of it is recent.
    this.#previous = now < this.#rotateAt + PERIOD ? this.#current : new Period();
    this.#current = new Period();
    this.#rotateAt = now + PERIOD;
  }
}

class Period {
  readonly counts = new Array<number>(BUCKETS).fill(0);
  count = 0;
  max = 0;

  record(time: number): void {
    const at = Math.floor(Math.log10(Math.max(time, MIN_TIME) / MIN_TIME) * PER_DECADE);
    const bucket = Math.min(at, BUCKETS - 1);
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.count++;
    this.max = Math.max(this.max, time);
  }
}

/** The lower limit of a bucket. */
function limitOf(bucket: number): number {
  return Number((MIN_TIME * 10 ** (bucket / PER_DECADE)).toPrecision(4));
}

/** The value below which `rank` values are, as if those of one bucket were evenly spread. */
function findPercentile(counts: readonly number[], rank: number): number {
  let below = 0;
  for (const [at, count] of counts.entries()) {
    if (count > 0 && below + count >= rank) {
      return limitOf(at) + (limitOf(at + 1) - limitOf(at)) * ((rank - below) / count);
    }
    below += count;
  }
  return 0;
}
