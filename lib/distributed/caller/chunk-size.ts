import type { AnyFunction } from '../../pool/task/job.js';
import { MAX_CHUNK } from '../wire/messages.js';

/**
 * How long a chunk should keep a host busy, in milliseconds: much longer than a fetch, and short enough that hosts end at
 * about the same time. Results do not wait for the end of their chunk.
 */
const TARGET_TIME = 100;
/** How much larger a chunk may be than the last one: a time measured on few tasks may be wrong. */
const MAX_GROWTH = 4;
/** The shortest time of a task that counts, in milliseconds. */
const MIN_TIME = 0.001;
/** A split chunk still has this many tasks for each slot of a host. */
const MIN_PER_SLOT = 2;
/** How much smaller than its equal share of what is left the next chunk of a host is. */
const PARTS_PER_HOST = 1.5;

/** What is known about the hosts. */
export interface KnownHosts {
  readonly hosts: number;
  /** Of all hosts together. */
  readonly slots: number;
}

/** The number of tasks in a chunk, per function, from the time that its tasks take. */
export class ChunkSizes {
  readonly #fixed: number | undefined;
  readonly #learnt = new WeakMap<AnyFunction, number>();

  /** @param fixed - the option `chunkSize`: one size for all functions. */
  constructor(fixed: number | undefined) {
    this.#fixed = fixed;
  }

  /** @param remaining - how many tasks of the function are left, so far as that is known. */
  get(fn: AnyFunction, remaining: number, known: KnownHosts): number {
    if (this.#fixed !== undefined) return this.#fixed;
    const size = this.#learnt.get(fn) ?? 1;
    return Math.min(size, split(remaining, known));
  }

  /**
   * A host has finished a chunk.
   *
   * @param time - how long each task occupied one of the `slots` of the host, in milliseconds.
   * @param roundTrip - how long the datastore takes to answer the host, in milliseconds.
   */
  learn(fn: AnyFunction, time: number, slots: number, roundTrip: number): void {
    // A chunk that is shorter than a fetch makes hosts wait for fetches.
    const target = Math.max(TARGET_TIME, roundTrip);
    const size = Math.floor((slots * target) / Math.max(time, MIN_TIME));
    const most = Math.min(MAX_CHUNK, (this.#learnt.get(fn) ?? 1) * MAX_GROWTH);
    this.#learnt.set(fn, Math.max(1, Math.min(most, size)));
  }
}

/** Splits what is left over the hosts, into parts that become smaller: hosts that are done sooner take more of them. */
function split(remaining: number, { hosts, slots }: KnownHosts): number {
  if (hosts === 0) return Number.POSITIVE_INFINITY;
  const part = Math.ceil(remaining / (PARTS_PER_HOST * hosts));
  return Math.max(part, Math.ceil((MIN_PER_SLOT * slots) / hosts));
}
