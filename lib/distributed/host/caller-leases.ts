import type { Queue } from 'bullmq';
import { clearInterval, performance, setInterval } from '../../util/clock.js';
import type { DatastoreClock } from '../wire/datastore-clock.js';
import { leaseJobOf } from '../wire/queue-names.js';

/** The state of a caller is cached for this part of its lease. */
const FRESH = 1 / 4;
/** The shortest interval between checks, in milliseconds: limits what a forged lease can cause. */
const MIN_INTERVAL = 25;

interface WatchedCaller {
  /** The duration of its lease, in milliseconds. */
  lease: number;
  isAlive: Promise<boolean>;
  /** When its lease ends, as it was last read. */
  until: number;
  checkedAt: number;
  /** What runs for it, and what to do with each when the caller is dead. Answers to it need nothing done. */
  readonly runs: Map<object, (() => void) | undefined>;
  timer: NodeJS.Timeout | undefined;
}

/** Called by a {@link CallerLeases}. */
export interface CallerLeasesHandler {
  /** The lease of a caller has expired. */
  onDead(): void;
  /** The last chunk of a caller has ended. */
  onGone(caller: string, lease: number): void;
}

/** Watches the leases of callers, so that chunks do not run for dead ones. */
export class CallerLeases {
  readonly #leases: Queue;
  readonly #clock: DatastoreClock;
  readonly #callers = new Map<string, WatchedCaller>();
  readonly #handler: CallerLeasesHandler;

  constructor(leases: Queue, clock: DatastoreClock, handler: CallerLeasesHandler) {
    this.#leases = leases;
    this.#clock = clock;
    this.#handler = handler;
  }

  /** Calls `onDead` if the caller dies before {@link release} is called with the same `run`. */
  hold(caller: string, lease: number, run: object, onDead?: () => void): void {
    const watched = this.#get(caller, lease);
    watched.runs.set(run, onDead);
    // An answer does not know it.
    watched.lease = Math.min(watched.lease, lease);
    if (onDead !== undefined)
      watched.timer ??= setInterval(() => void this.#check(caller), Math.max(MIN_INTERVAL, lease * FRESH));
  }

  release(caller: string, run: object): void {
    const watched = this.#callers.get(caller);
    watched?.runs.delete(run);
    if (watched === undefined || watched.runs.size > 0) return;
    clearInterval(watched.timer);
    this.#callers.delete(caller);
    this.#handler.onGone(caller, watched.lease);
  }

  isAlive(caller: string, lease: number): Promise<boolean> {
    const watched = this.#get(caller, lease);
    const now = performance.now();
    if (now - watched.checkedAt > lease * FRESH) {
      watched.checkedAt = now;
      watched.isAlive = this.#readLease(caller);
    }
    return watched.isAlive;
  }

  /** The number of callers whose chunks run here. */
  get count(): number {
    const callers = [...this.#callers.values()];
    return callers.filter(({ runs }) => [...runs.values()].some((onDead) => onDead !== undefined)).length;
  }

  /** The time in milliseconds until the first lease ends; `undefined` while there is none. */
  get shortest(): number | undefined {
    const left = this.#listTimesLeft();
    return left.length === 0 ? undefined : Math.min(...left);
  }

  /** The time in milliseconds until the last lease ends; `undefined` while there is none. */
  get longest(): number | undefined {
    const left = this.#listTimesLeft();
    return left.length === 0 ? undefined : Math.max(...left);
  }

  #listTimesLeft(): number[] {
    const ends = [...this.#callers.values()].map(({ until }) => until).filter(Number.isFinite);
    return ends.map((end) => end - this.#clock.now());
  }

  async #check(caller: string): Promise<void> {
    if (await this.#readLease(caller)) return;
    const watched = this.#callers.get(caller);
    if (watched === undefined) return;
    watched.isAlive = Promise.resolve(false);
    watched.checkedAt = performance.now();
    for (const onDead of [...watched.runs.values()]) onDead?.();
  }

  /** A caller counts as alive while its lease cannot be read: the datastore is unavailable for a while. */
  async #readLease(caller: string): Promise<boolean> {
    try {
      const job = await this.#leases.getJob(leaseJobOf(caller));
      const until = job === undefined ? 0 : Number(Object(job.data).until);
      const watched = this.#callers.get(caller);
      if (watched !== undefined) watched.until = until;
      const isAlive = until >= this.#clock.now();
      if (!isAlive) this.#handler.onDead();
      return isAlive;
    } catch {
      return true;
    }
  }

  #get(caller: string, lease: number): WatchedCaller {
    const known = this.#callers.get(caller);
    if (known !== undefined) return known;
    const watched: WatchedCaller = {
      lease,
      isAlive: Promise.resolve(true),
      until: Number.POSITIVE_INFINITY,
      checkedAt: Number.NEGATIVE_INFINITY,
      runs: new Map(),
      timer: undefined,
    };
    this.#callers.set(caller, watched);
    return watched;
  }
}
