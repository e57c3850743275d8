import type { AnyFunction } from '../../pool/task/job.js';
import { MAX_CHUNK } from '../wire/messages.js';

/** How long a chunk should keep a host busy, in milliseconds: much longer than a fetch, but a short wait for results. */
const TARGET_TIME = 50;
/** How much larger a chunk may be than the last one: a rate measured on few tasks may be wrong. */
const MAX_GROWTH = 4;

/** The number of tasks in a chunk, per function: as many as a host finishes in {@link TARGET_TIME}, once it is known. */
export class ChunkSizes {
  readonly #fixed: number | undefined;
  readonly #learnt = new WeakMap<AnyFunction, { rate: number; size: number }>();

  /** @param fixed - the option `chunkSize`: one size for all functions. */
  constructor(fixed: number | undefined) {
    this.#fixed = fixed;
  }

  get(fn: AnyFunction): number {
    return this.#fixed ?? this.#learnt.get(fn)?.size ?? 1;
  }

  /** @param rate - how many tasks of the function a host finished per millisecond. */
  learn(fn: AnyFunction, rate: number): void {
    const last = this.#learnt.get(fn);
    const mean = last === undefined ? rate : (last.rate + rate) / 2;
    const most = Math.min(MAX_CHUNK, (last?.size ?? 1) * MAX_GROWTH);
    this.#learnt.set(fn, { rate: mean, size: Math.max(1, Math.min(most, Math.round(mean * TARGET_TIME))) });
  }
}
