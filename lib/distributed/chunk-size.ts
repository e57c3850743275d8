import type { AnyFunction } from '../pool/job.js';
import { MAX_CHUNK } from './messages.js';

/** A chunk should keep a host busy for so many milliseconds: much longer than it takes to fetch, not long to wait for. */
const CHUNK_TIME = 50;
/** What is learnt of few tasks may be wrong: a chunk is at most so many times larger than the last one. */
const MAX_GROWTH = 4;

/** How many tasks make a chunk: as many as a host gets done in a while, as far as is known. */
export class ChunkSizes {
  readonly #fixed: number | undefined;
  readonly #learnt = new WeakMap<AnyFunction, { rate: number; size: number }>();

  /** @param fixed - the same size for all. */
  constructor(fixed: number | undefined) {
    this.#fixed = fixed;
  }

  get(fn: AnyFunction): number {
    return this.#fixed ?? this.#learnt.get(fn)?.size ?? 1;
  }

  /** @param rate - how many of the function's tasks a host got done in a millisecond. */
  learn(fn: AnyFunction, rate: number): void {
    const last = this.#learnt.get(fn);
    const mean = last === undefined ? rate : (last.rate + rate) / 2;
    const most = Math.min(MAX_CHUNK, (last?.size ?? 1) * MAX_GROWTH);
    this.#learnt.set(fn, { rate: mean, size: Math.max(1, Math.min(most, Math.round(mean * CHUNK_TIME))) });
  }
}
