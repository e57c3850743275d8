import { performance } from '../../util/clock.js';

/** The counts of a map's items. */
export interface ProgressCounts {
  done: number;
  failed: number;
  /** The number of items, once it is known. */
  total: number | undefined;
}

/** A map whose progress can be shown. */
export interface ProgressSource {
  count(): ProgressCounts;
  /** Resolves when the map has ended. */
  whenOver(): Promise<void>;
}

/** Lines to show under the bar. */
export interface Lines {
  /**
   * @param max - how many there may be.
   * @param columns - how many columns each may take.
   */
  read(max: number, columns: number): string[];
}

/** How the progress of a map looks. */
export interface ProgressLook {
  label: string;
  format: string | undefined;
  processes: Lines | undefined;
}

/** The number of samples over which the rate is measured. */
const SAMPLES = 50;

/** Samples the counts of a map when progress is drawn, which adds no cost to an item. */
export class Progress {
  readonly label: string;
  readonly format: string | undefined;
  /** The lines under the bar. */
  readonly processes: Lines | undefined;
  readonly #total: number | undefined;
  readonly #source: ProgressSource;
  readonly #samples: { time: number; done: number }[];

  /** @param total - the number of items, if known. */
  constructor({ label, format, processes }: ProgressLook, total: number | undefined, source: ProgressSource) {
    this.label = label;
    this.format = format;
    this.processes = processes;
    this.#total = total;
    this.#source = source;
    this.#samples = [{ time: performance.now(), done: source.count().done }];
  }

  /** Resolves when the map has ended. */
  get ended(): Promise<void> {
    return this.#source.whenOver();
  }

  /** Takes a sample. The rate is items per second. */
  read(): ProgressCounts & { rate: number } {
    const { done, failed, total = this.#total } = this.#source.count();
    const now = performance.now();
    const [first] = this.#samples as [{ time: number; done: number }];
    this.#samples.push({ time: now, done });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    return { done, failed, total, rate: (done - first.done) / Math.max((now - first.time) / 1000, 1e-3) };
  }
}
