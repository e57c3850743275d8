import type { SampledEvent } from '../../observe/inspection.js';

/** How many tasks are traced between two calls of {@link Sample.adapt}. */
const MAX_TASKS = 128;

/** The largest mask: one task of a million. */
const MAX_MASK = 2 ** 20 - 1;

export type SampleListener = (event: SampledEvent) => void;

/** Chooses which tasks are traced for listeners that do not need all of them: every 2ⁿ-th, by its id. */
export class Sample {
  /** Tasks whose ids have none of these bits are chosen. */
  mask = 0;
  readonly listeners = new Set<SampleListener>();
  #taken = 0;
  #adaptedMask = 0;

  /** Whether to trace a new task. With too many of them, fewer are chosen at once. */
  takes(id: number): boolean {
    if ((id & this.mask) !== 0) return false;
    if (++this.#taken > MAX_TASKS && this.mask < MAX_MASK) {
      this.mask = this.mask * 2 + 1;
      this.#taken = MAX_TASKS / 2;
    }
    return true;
  }

  /** Chooses more tasks if there were few since the last call. @returns whether the mask has changed since then. */
  adapt(): boolean {
    if (this.#taken < MAX_TASKS / 4) this.mask >>>= 1;
    this.#taken = 0;
    const hasChanged = this.mask !== this.#adaptedMask;
    this.#adaptedMask = this.mask;
    return hasChanged;
  }
}
