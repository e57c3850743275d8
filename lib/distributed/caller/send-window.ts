import { performance } from '../../util/clock.js';
import type { KnownHosts } from './chunk-size.js';

/** How much may be in flight before any host is known: enough to discover the hosts. */
const FIRST_TASKS = 64;
const FIRST_CHUNKS = 4;
/** Per slot of a host: one task runs, one waits on the host, one waits in the queue. */
const TASKS_PER_SLOT = 3;
const CHUNKS_PER_HOST = 4;
/** How many chunks more a host needs at most because chunks and results are on their way for several round trips. */
const CHUNKS_ON_THE_WAY = 5;
/** From this round trip on, in milliseconds; chunks are larger if it is longer. */
const LONG_ROUND_TRIP = 100;
/** A host that has not answered for this time, in milliseconds, may be gone. Its next answer adds it again. */
const MAX_SILENCE = 300_000;

interface SeenHost {
  slots: number;
  roundTrip: number;
  seenAt: number;
}

/** Limits what is in flight to a little more than keeps all known hosts busy. */
export class SendWindow implements KnownHosts {
  /** The most recently seen last. */
  readonly #hosts = new Map<string, SeenHost>();
  #slots = 0;
  #tasks = 0;
  #chunks = 0;
  #bytes = 0;

  get hosts(): number {
    return this.#hosts.size;
  }

  get slots(): number {
    return this.#slots;
  }

  /** The size of the arguments in flight, which occupy memory of the datastore. */
  get bytes(): number {
    return this.#bytes;
  }

  get hasRoom(): boolean {
    return (
      this.#tasks < FIRST_TASKS + TASKS_PER_SLOT * this.#slots || this.#chunks < FIRST_CHUNKS + this.#chunksForHosts
    );
  }

  /** Whether enough is in flight to keep the hosts busy for a moment. */
  get isBusy(): boolean {
    return this.#chunks >= Math.max(1, this.#chunksForHosts / 2);
  }

  get #chunksForHosts(): number {
    let chunks = 0;
    for (const { roundTrip } of this.#hosts.values()) {
      chunks += CHUNKS_PER_HOST + CHUNKS_ON_THE_WAY * Math.min(1, roundTrip / LONG_ROUND_TRIP);
    }
    return chunks;
  }

  /**
   * Called when a host has answered.
   *
   * @param roundTrip - how long the datastore takes to answer the host, in milliseconds.
   */
  see(name: string, slots: number, roundTrip: number, now = performance.now()): void {
    this.#forget(name);
    this.#hosts.set(name, { slots, roundTrip, seenAt: now });
    this.#slots += slots;
    for (const [other, { seenAt }] of this.#hosts) {
      if (now - seenAt < MAX_SILENCE) break;
      this.#forget(other);
    }
  }

  #forget(name: string): void {
    this.#slots -= this.#hosts.get(name)?.slots ?? 0;
    this.#hosts.delete(name);
  }

  add(tasks: number, bytes: number): void {
    this.#tasks += tasks;
    this.#chunks++;
    this.#bytes += bytes;
  }

  /** Removes a chunk of this size, after {@link removeTask} for each of its tasks. */
  remove(bytes: number): void {
    this.#chunks--;
    this.#bytes -= bytes;
  }

  removeTask(): void {
    this.#tasks--;
  }
}
