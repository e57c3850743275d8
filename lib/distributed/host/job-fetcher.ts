import type { Job as BullMQJob, Worker } from 'bullmq';
import { clearInterval, setInterval } from '../../util/clock.js';
import { isSettledWithin } from '../../util/settled-within.js';
import { type Datastore, MAX_CLOSING } from '../wire/datastore.js';
import { JobReader } from '../wire/job-reader.js';

/** How long refused jobs are kept for inspection; the age is in seconds. */
const KEEP_REFUSED = { count: 1000, age: 7 * 24 * 3600 };

/** The options of a {@link JobFetcher}. */
export interface JobFetcherOptions {
  queue: string;
  name: string;
  lockDuration: number;
  stalledInterval: number;
  maxStalledCount: number;
  /** The jobs that all hosts together may take in a time. */
  rateLimit?: { max: number; duration: number };
}

/** Called by a {@link JobFetcher}. */
export interface JobFetcherHandler {
  /**
   * Whether there is room for another job.
   *
   * @param fetching - how many jobs may be on their way.
   * @param roundTrip - how long the datastore takes to answer, in milliseconds.
   */
  hasRoom(fetching: number, roundTrip: number): boolean;
  /** Whether the tasks of another job begin at once. */
  hasFreeSlot(): boolean;
  onJob(job: BullMQJob): void;
  /** The locks of these jobs were lost: another host may have taken over. */
  onLost(ids: readonly string[]): void;
  onError(error: Error): void;
}

/**
 * Fetches jobs from BullMQ while the host has room, and keeps them locked until they are finished.
 *
 * BullMQ's own loop runs a fixed number of jobs at a time, but a job here is a chunk of 1 to 1000 tasks.
 */
export class JobFetcher {
  readonly #worker: Worker;
  readonly #handler: JobFetcherHandler;
  readonly #lockDuration: number;
  readonly #held = new Map<string, BullMQJob>();
  #renewal: NodeJS.Timeout | undefined;
  readonly #reader: JobReader;
  #fetching = Promise.resolve();
  /** Jobs that were fetched although the host had stopped. */
  readonly #returning: Promise<void>[] = [];
  #stopped = false;

  constructor(store: Datastore, options: JobFetcherOptions, handler: JobFetcherHandler) {
    const { queue, name, lockDuration, stalledInterval, maxStalledCount, rateLimit } = options;
    this.#handler = handler;
    this.#lockDuration = lockDuration;
    this.#worker = store.worker(queue, null, {
      name,
      autorun: false,
      lockDuration,
      stalledInterval,
      maxStalledCount,
      ...(rateLimit !== undefined && { limiter: rateLimit }),
      removeOnComplete: { count: 0 },
      removeOnFail: KEEP_REFUSED,
    });
    this.#reader = new JobReader(this.#worker, store.maxFetches, {
      wantsJob: (fetching) => handler.hasRoom(fetching, this.roundTrip),
      needsOrder: () => !store.answersInOrder && handler.hasFreeSlot(),
      onJob: (job) => this.#accept(job),
      onError: (error) => handler.onError(error),
    });
  }

  /** How long the datastore takes to answer, in milliseconds. */
  get roundTrip(): number {
    return this.#reader.roundTrip.time;
  }

  /** How many jobs may be on their way. */
  get fetching(): number {
    return this.#reader.fetching;
  }

  /** Connects, and fetches jobs. May be repeated if it fails, as it does if the datastore does not let it take jobs. */
  async start(): Promise<void> {
    await this.#worker.waitUntilReady();
    if (this.#stopped) return;
    await this.#worker.startStalledCheckTimer();
    if (this.#stopped) return;
    this.#renewal ??= setInterval(() => void this.#renew(), this.#lockDuration / 3);
    await this.#reader.start();
  }

  /** Fetches jobs while there is room. Call it whenever there may be room that was not there before. */
  fetch(): void {
    this.#reader.fetch();
  }

  /** Stops fetching. Interrupts a pending fetch: the job that it may still get goes back to the queue. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#fetching = this.#reader.stop();
    void this.#worker.getBackend().disconnectBlocking(false).catch(this.#handler.onError);
  }

  /** The ids of the jobs that it keeps locked. */
  get held(): string[] {
    return [...this.#held.keys()];
  }

  async complete(job: BullMQJob): Promise<void> {
    await this.#release(job, () => this.#reader.complete(job));
  }

  /** Moves the job to the failed jobs, where it is kept for inspection. */
  async refuse(job: BullMQJob, reason: Error): Promise<void> {
    job.opts.attempts = 1;
    job.opts.removeOnFail = KEEP_REFUSED;
    await this.#release(job, (token) => job.moveToFailed(reason, token, false));
  }

  /** Returns the job to the queue, with new data unless `undefined`, for another host. */
  async requeue(job: BullMQJob, data: unknown): Promise<void> {
    await this.#release(job, async (token) => {
      if (data !== undefined) await job.updateData(data);
      // Not `job.moveToWait()`: on Redis, BullMQ wakes no host for a job with a priority that moves back, so that idle
      // hosts would notice it only when their current wait ends.
      await this.#worker.getBackend().retryJob(job.id as string, true, token);
    });
  }

  /** Ends the hold on a job. It may fail because another host has taken the job over, which then runs there. */
  async #release(job: BullMQJob, how: (token: string) => Promise<unknown>): Promise<void> {
    this.#held.delete(job.id as string);
    try {
      await how(job.token as string);
    } catch (error) {
      this.#handler.onError(error as Error);
    }
  }

  #accept(job: BullMQJob): void {
    if (this.#stopped) {
      // A fetch that was running brought it.
      this.#returning.push(this.requeue(job, undefined));
      return;
    }
    this.#held.set(job.id as string, job);
    this.#handler.onJob(job);
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
      // Ignores jobs that ended in the meantime.
      const held = lost.filter((id) => this.#held.get(id) === jobs[ids.indexOf(id)]);
      if (held.length > 0) this.#handler.onLost(held);
    } catch (error) {
      this.#handler.onError(error as Error);
    }
  }

  /** Stops renewing locks; call it when no job is held. */
  async close(): Promise<void> {
    this.stop();
    clearInterval(this.#renewal);
    await isSettledWithin(
      this.#fetching.then(() => Promise.all(this.#returning)),
      MAX_CLOSING,
    );
  }
}
