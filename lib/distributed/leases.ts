import type { Queue } from 'bullmq';
import { clearInterval, performance, RealDate, setInterval } from '../util/clock.js';
import { leaseJobOf } from './names.js';

/** What is known of a caller is good for this part of its lease. */
const FRESH = 1 / 4;
/** A forged lease cannot make a host ask more often, in milliseconds. */
const MIN_INTERVAL = 25;

interface Watched {
  isAlive: Promise<boolean>;
  asked: number;
  /** What to do when it is dead. */
  readonly runs: Map<object, () => void>;
  timer: NodeJS.Timeout | undefined;
}

/** Knows which callers are still there, so that nothing runs for ever for one that is not. */
export class Leases {
  readonly #jobs: Queue;
  readonly #callers = new Map<string, Watched>();
  readonly #onGone: (caller: string) => void;

  /** @param onGone - nothing runs for a caller any more. */
  constructor(jobs: Queue, onGone: (caller: string) => void) {
    this.#jobs = jobs;
    this.#onGone = onGone;
  }

  /** Calls `onDead` if the caller dies before {@link release} is called with the same `run`. */
  hold(caller: string, lease: number, run: object, onDead: () => void): void {
    const watched = this.#get(caller);
    watched.runs.set(run, onDead);
    watched.timer ??= setInterval(() => void this.#check(caller), Math.max(MIN_INTERVAL, lease * FRESH));
  }

  release(caller: string, run: object): void {
    const watched = this.#callers.get(caller);
    watched?.runs.delete(run);
    if (watched === undefined || watched.runs.size > 0) return;
    clearInterval(watched.timer);
    this.#callers.delete(caller);
    this.#onGone(caller);
  }

  isAlive(caller: string, lease: number): Promise<boolean> {
    const watched = this.#get(caller);
    const now = performance.now();
    if (now - watched.asked > lease * FRESH) {
      watched.asked = now;
      watched.isAlive = this.#ask(caller);
    }
    return watched.isAlive;
  }

  async #check(caller: string): Promise<void> {
    if (await this.#ask(caller)) return;
    const watched = this.#callers.get(caller);
    if (watched === undefined) return;
    watched.isAlive = Promise.resolve(false);
    watched.asked = performance.now();
    for (const onDead of [...watched.runs.values()]) onDead();
  }

  /** One that cannot be asked about is taken for alive: the datastore is away, and will come back. */
  async #ask(caller: string): Promise<boolean> {
    try {
      // Whether it is due is nobody's business but that of a host with room for more: there may be none.
      const job = await this.#jobs.getJob(leaseJobOf(caller));
      return job !== undefined && Number(Object(job.data).until) >= RealDate.now();
    } catch {
      return true;
    }
  }

  #get(caller: string): Watched {
    const known = this.#callers.get(caller);
    if (known !== undefined) return known;
    const watched: Watched = {
      isAlive: Promise.resolve(true),
      asked: Number.NEGATIVE_INFINITY,
      runs: new Map(),
      timer: undefined,
    };
    this.#callers.set(caller, watched);
    return watched;
  }
}
