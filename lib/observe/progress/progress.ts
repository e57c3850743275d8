import { performance } from '../../util/clock.js';
/** How far a map is. */
export interface ProgressCounts {
  done: number;
  failed: number;
  /** How many items there are, if that is known by now. */
  total: number | undefined;
}

/** What has progress. */
export interface ProgressSource {
  count(): ProgressCounts;
  /** Resolves when there is nothing to wait for any more. */
  whenOver(): Promise<void>;
}

/** Over how many looks back the rate is measured. */
const SAMPLES = 50;

/** One map whose progress is shown. It is looked at now and then: an item costs nothing. */
export class Progress {
  readonly label: string;
  readonly format: string | undefined;
  readonly ended: Promise<void>;
  readonly #total: number | undefined;
  readonly #source: ProgressSource;
  readonly #samples: { time: number; done: number }[] = [{ time: performance.now(), done: 0 }];

  /** @param total - how many items there are, if somebody knows. */
  constructor(label: string, format: string | undefined, total: number | undefined, source: ProgressSource) {
    this.label = label;
    this.format = format;
    this.ended = source.whenOver();
    this.#total = total;
    this.#source = source;
  }

  /** Takes a look. The rate is in items a second. */
  read(): ProgressCounts & { rate: number } {
    const { done, failed, total = this.#total } = this.#source.count();
    const now = performance.now();
    const [first] = this.#samples as [{ time: number; done: number }];
    this.#samples.push({ time: now, done });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    return { done, failed, total, rate: (done - first.done) / Math.max((now - first.time) / 1000, 1e-3) };
  }
}
