import type { AnyFunction } from '../../pool/task/job.js';

/** The weight of the latest results in the moving average. */
const WEIGHT = 1 / 4;
/** The results of one chunk may take this part of the limit, so that hosts still work at the same time. */
const CHUNK_PART = 1 / 16;

interface Sizes {
  /** The size of a result, as a moving average, in bytes. */
  size: number;
  tasks: number;
}

/** Predicts how much memory of the datastore the results of tasks in flight will need, from earlier results. */
export class ResultSizes {
  readonly #maxBytes: number;
  readonly #functions = new Map<AnyFunction, Sizes>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The expected size of the results of all tasks in flight, in bytes. Functions without a result yet count as 0. */
  get expected(): number {
    let sum = 0;
    for (const { size, tasks } of this.#functions.values()) sum += size * tasks;
    return sum;
  }

  /** How many tasks a chunk may have because of their results. */
  maxTasks(fn: AnyFunction): number {
    const { size } = this.#get(fn);
    return Math.max(1, Math.floor((this.#maxBytes * CHUNK_PART) / size));
  }

  /** Tasks are in flight. */
  add(fn: AnyFunction, tasks: number): void {
    this.#get(fn).tasks += tasks;
  }

  /** A task has settled. */
  remove(fn: AnyFunction): void {
    this.#get(fn).tasks--;
  }

  /** Results of the function have arrived, of this size on average, in bytes. */
  learn(fn: AnyFunction, size: number): void {
    const known = this.#get(fn);
    // Larger results count at once: the limit must hold.
    known.size = Math.max(known.size + (size - known.size) * WEIGHT, size > 2 * known.size ? size : 0);
  }

  #get(fn: AnyFunction): Sizes {
    const known = this.#functions.get(fn);
    if (known !== undefined) return known;
    const created = { size: 0, tasks: 0 };
    this.#functions.set(fn, created);
    return created;
  }
}
