import type { Queue } from 'bullmq';
import { clearTimeout, performance, setTimeout } from '../../util/clock.js';
import type { Datastore } from '../wire/datastore.js';
import { broadcastsQueueOf, isCaller, resultsQueueOf } from '../wire/queue-names.js';

/** The longest and the shortest pause between two searches, in milliseconds. */
const MAX_PAUSE = 30_000;
const MIN_PAUSE = 500;
/** How many leases one search reads. */
const MAX_LEASES = 10_000;

/** What a {@link DeadCallers} needs. */
export interface DeadCallersOptions {
  queue: string;
  store: Datastore;
  /** The leases of all callers of the queue. */
  leases: Queue;
  /** Whether a chunk of the caller runs here. */
  isServing(caller: string): boolean;
  onError(error: Error): void;
}

/** Removes from the datastore what dead callers have left there: their results, broadcasts and leases. */
export class DeadCallers {
  readonly #options: DeadCallersOptions;
  /** Callers that may have ended before this host sent them its last results. */
  readonly #served = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #searching: Promise<void> | undefined;
  /** When the next search is due, as a value of `performance.now()`. */
  #dueAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(options: DeadCallersOptions) {
    this.#options = options;
  }

  /** Searches now and then. */
  start(): void {
    this.#searching = this.#search();
  }

  /** A caller was found dead. */
  searchSoon(): void {
    this.#searchAfter(MIN_PAUSE);
  }

  /** The last chunk of a caller has ended here. @param lease - the duration of its lease, in milliseconds. */
  addServed(caller: string, lease: number): void {
    this.#served.add(caller);
    this.#searchAfter(Math.min(lease / 2, MAX_PAUSE));
  }

  /** Stops searching, after a last look at the callers that were served. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#searching;
    if (this.#served.size > 0) await this.#removeAll();
  }

  async #search(): Promise<void> {
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#searchAfter(await this.#removeAll());
  }

  /** Searches after a pause in milliseconds, unless another search is due before. */
  #searchAfter(pause: number): void {
    const dueAt = performance.now() + pause;
    if (this.#isClosed || dueAt >= this.#dueAt) return;
    this.#dueAt = dueAt;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Searches follow each other, also if one takes longer than the pause.
      this.#searching = this.#searching?.then(() => this.#search());
    }, pause);
  }

  /** @returns the time until another lease may have expired, in milliseconds. */
  async #removeAll(): Promise<number> {
    const { leases, store, onError } = this.#options;
    const served = [...this.#served].filter((caller) => !this.#options.isServing(caller));
    try {
      const jobs = await leases.getWaiting(0, MAX_LEASES);
      const alive = new Set<string>();
      const now = store.clock.now();
      let next = now + MAX_PAUSE;
      for (const job of jobs) {
        // A job may have been removed since it was listed.
        const { caller, until } = Object(job?.data) as { caller?: unknown; until?: unknown };
        if (isCaller(caller) && Number(until) >= now) {
          alive.add(caller);
          next = Math.min(next, Number(until));
        } else if (job !== undefined) {
          // The lease comes last: while it is there, another host can finish what this one has begun.
          if (isCaller(caller)) await this.#removeResults(caller);
          await leases.remove(job.id as string);
        }
      }
      for (const caller of served) {
        if (!alive.has(caller)) await this.#removeResults(caller);
        this.#served.delete(caller);
      }
      return Math.max(MIN_PAUSE, next - now);
    } catch (error) {
      if (!this.#isClosed) onError(error as Error);
      return MAX_PAUSE;
    }
  }

  async #removeResults(caller: string): Promise<void> {
    const { queue, store } = this.#options;
    for (const name of [resultsQueueOf(queue, caller), broadcastsQueueOf(queue, caller)]) {
      await store.queue(name).obliterate({ force: true });
    }
  }
}
