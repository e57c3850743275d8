import type { Job, Worker } from 'bullmq';
import { clearInterval, setInterval, sleep } from '../util/clock.js';
import { type Datastore, isSettledWithin, MAX_CLOSING } from './datastore.js';

/** After a fetch that failed, in milliseconds. */
const PAUSE = 500;

/** How long jobs are kept that were refused, for whoever wants to look at them. */
const KEPT = { count: 1000, age: 7 * 24 * 3600 };

/** What {@link JobSource} needs to know. */
export interface JobSourceOptions {
  queue: string;
  name: string;
  lockDuration: number;
  stalledInterval: number;
  maxStalledCount: number;
}

/** What {@link JobSource} tells. */
export interface JobSourceOwner {
  /** Resolves when there is room for another job. */
  hasRoom(): Promise<void>;
  onJob(job: Job): void;
  /** Another host may have taken these jobs over. */
  onLost(ids: readonly string[]): void;
  onError(error: Error): void;
}

/**
 * Takes jobs from BullMQ as there is room for them, and keeps them locked until they are done.
 *
 * BullMQ's own loop takes a fixed number of jobs at a time; here jobs are chunks of one task or a thousand.
 */
export class JobSource {
  readonly #worker: Worker;
  readonly #owner: JobSourceOwner;
  readonly #lockDuration: number;
  readonly #held = new Map<string, Job>();
  #renewal: NodeJS.Timeout | undefined;
  #fetching = Promise.resolve();
  #fetches = 0;
  #stopped = false;

  constructor(store: Datastore, options: JobSourceOptions, owner: JobSourceOwner) {
    const { queue, name, lockDuration, stalledInterval, maxStalledCount } = options;
    this.#owner = owner;
    this.#lockDuration = lockDuration;
    this.#worker = store.worker(queue, null, {
      name,
      autorun: false,
      lockDuration,
      stalledInterval,
      maxStalledCount,
      removeOnComplete: { count: 0 },
      removeOnFail: KEPT,
    });
  }

  async start(): Promise<void> {
    await this.#worker.waitUntilReady();
    if (this.#stopped) return;
    await this.#worker.startStalledCheckTimer();
    if (this.#stopped) return;
    this.#renewal = setInterval(() => void this.#renew(), this.#lockDuration / 3);
    this.#fetching = this.#fetchAll();
  }

  /** Fetches no more. */
  stop(): void {
    this.#stopped = true;
  }

  async complete(job: Job): Promise<void> {
    await this.#let(job, (token) => job.moveToCompleted(null, token, false));
  }

  /** Leaves it among the failed jobs, for whoever wants to look at it. */
  async refuse(job: Job, reason: Error): Promise<void> {
    job.opts.attempts = 1;
    job.opts.removeOnFail = KEPT;
    await this.#let(job, (token) => job.moveToFailed(reason, token, false));
  }

  /** Lets another host have it. */
  async giveBack(job: Job, data: unknown): Promise<void> {
    await this.#let(job, async (token) => {
      if (data !== undefined) await job.updateData(data);
      await job.moveToWait(token);
    });
  }

  /** Lets a job go. If another host has taken it over meanwhile, that is not an error: it runs there. */
  async #let(job: Job, how: (token: string) => Promise<unknown>): Promise<void> {
    this.#held.delete(job.id as string);
    try {
      await how(job.token as string);
    } catch (error) {
      this.#owner.onError(error as Error);
    }
  }

  async #fetchAll(): Promise<void> {
    while (!this.#stopped) {
      await this.#owner.hasRoom();
      if (this.#stopped) return;
      try {
        const job = await this.#worker.getNextJob(`${this.#worker.id}:${++this.#fetches}`);
        if (job !== undefined) await this.#accept(job);
      } catch (error) {
        if (this.#stopped) return;
        this.#owner.onError(error as Error);
        await sleep(PAUSE, { ref: false });
      }
    }
  }

  async #accept(job: Job): Promise<void> {
    if (this.#stopped) return this.giveBack(job, undefined);
    this.#held.set(job.id as string, job);
    this.#owner.onJob(job);
  }

  async #renew(): Promise<void> {
    const jobs = [...this.#held.values()];
    if (jobs.length === 0) return;
    try {
      const ids = jobs.map(({ id }) => id as string);
      const lost = await this.#worker.extendJobLocks(
        ids,
        jobs.map(({ token }) => token as string),
        this.#lockDuration,
      );
      // Some have ended meanwhile.
      const held = lost.filter((id) => this.#held.get(id) === jobs[ids.indexOf(id)]);
      if (held.length > 0) this.#owner.onLost(held);
    } catch (error) {
      this.#owner.onError(error as Error);
    }
  }

  /** Once nothing is held any more. A fetch that waits for a job is cut off: it could wait for minutes. */
  async close(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#renewal);
    await this.#worker.getBackend().disconnectBlocking(false);
    // It may have taken a job at the last moment, which is given back.
    await isSettledWithin(this.#fetching, MAX_CLOSING);
    await this.#worker.close(true);
  }
}
