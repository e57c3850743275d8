import type { Job as BullMQJob, Worker } from 'bullmq';
import { performance, RealDate, sleep } from '../../util/clock.js';
import { isSettledWithin } from '../../util/settled-within.js';
import { RoundTrip } from './round-trip.js';

/** The delay after a failed fetch, in milliseconds. */
const RETRY_DELAY = 500;
/** Fetches run one after another if each takes this time, in milliseconds; if they take longer, several run at once. */
const FETCH_INTERVAL = 5;
const MAX_FETCHES = 16;
/**
 * The delays after a wait that ended at once without a job, in milliseconds. PostgreSQL ends a wait at once while another host is
 * taking the only job.
 */
const MIN_DELAY = 10;
const MAX_DELAY = 40;
/** The longest time that a job waits for those that were taken before it, in milliseconds: they are about to arrive. */
const MAX_ORDERING = 100;

/** The longest wait for a rate limit before the next look, in milliseconds: the host may have to close. */
const MAX_RATE_DELAY = 250;

/** What is protected in BullMQ. */
interface WorkerMethods {
  /** Until when the queue has reached its rate limit. */
  readonly limitUntil: number;
  nextJobFromJobData(data: unknown, id: unknown, token: string): Promise<BullMQJob | undefined>;
}

/** Called by a {@link JobReader}. */
export interface JobReaderHandler {
  /** Whether another job is wanted. @param fetching - how many jobs may be on their way. */
  wantsJob(fetching: number): boolean;
  /** Whether a job has to wait for those of a higher priority that other fetches may bring in a moment. Default: no. */
  needsOrder?(): boolean;
  onJob(job: BullMQJob): void;
  onError(error: Error): void;
}

/**
 * Fetches jobs from a queue, several at once if the datastore is far away. While the queue is empty, one fetch waits there
 * and the others pause.
 */
export class JobReader {
  readonly roundTrip = new RoundTrip();
  readonly #worker: Worker;
  readonly #handler: JobReaderHandler;
  readonly #limit: number;
  /** The answers to all fetches, except to those that wait at the empty queue. */
  readonly #answers = new Set<Promise<unknown>>();
  /** Jobs that wait for these answers; those of the highest priority first. */
  readonly #arrived: BullMQJob[] = [];
  #tokens = 0;
  #fetching = 0;
  /** How many fetches keep others from starting: one waits at the empty queue, or failed. */
  #pauses = 0;
  #isStopped = false;
  #onEnd: (() => void) | undefined;

  /**
   * @param worker - a worker without a function; its jobs are fetched by hand.
   * @param maxFetches - how many fetches the connections of the worker carry at once.
   */
  constructor(worker: Worker, maxFetches: number, handler: JobReaderHandler) {
    this.#worker = worker;
    this.#limit = Math.min(MAX_FETCHES, maxFetches);
    this.#handler = handler;
  }

  /** How many jobs may be on their way, without those that a fetch waits for at the empty queue. */
  get fetching(): number {
    return Math.max(0, this.#fetching - this.#pauses);
  }

  /** Fetches a first job, and then others like {@link fetch}. @throws (rejects) the error of the datastore. */
  async start(): Promise<void> {
    this.#fetching++;
    try {
      await this.#fetchFirst();
    } finally {
      this.#endFetch();
    }
    this.fetch();
  }

  async #fetchFirst(): Promise<void> {
    const job = await this.#track(this.#next(false));
    if (job !== undefined) this.#handler.onJob(job);
  }

  #endFetch(): void {
    this.#fetching--;
    if (this.#isStopped && this.#fetching === 0) this.#onEnd?.();
  }

  /** Fetches jobs while they are wanted. Call it whenever another job may be wanted. */
  fetch(): void {
    while (this.#mayFetch && this.#fetching < this.#maxFetches && this.#handler.wantsJob(this.#fetching)) {
      void this.#run(() => this.#fetchNow());
    }
  }

  /** Starts no further fetches. @returns a promise that resolves when the last one has ended. */
  stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#fetching === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const onEnd = this.#onEnd;
      this.#onEnd = () => {
        onEnd?.();
        resolve();
      };
    });
  }

  get #mayFetch(): boolean {
    return !this.#isStopped && this.#pauses === 0;
  }

  get #maxFetches(): number {
    return Math.min(this.#limit, Math.max(1, Math.round(this.roundTrip.time / FETCH_INTERVAL)));
  }

  async #run(fetch: () => Promise<void>): Promise<void> {
    this.#fetching++;
    try {
      await fetch();
    } catch (error) {
      if (!this.#isStopped) await this.#pauseAfter(error as Error);
    }
    this.#endFetch();
    this.fetch();
  }

  async #fetchNow(): Promise<void> {
    const started = performance.now();
    const job = await this.#track(this.#next(false));
    this.roundTrip.note(performance.now() - started);
    await this.#deliver(job);
  }

  /**
   * Completes a job, which {@link JobReaderHandler.onJob} got. If another job is wanted, the datastore returns it with the
   * same command.
   */
  async complete(job: BullMQJob): Promise<void> {
    const token = job.token as string;
    if (!this.#mayFetch || !this.#handler.wantsJob(this.#fetching)) {
      await job.moveToCompleted(null, token, false);
      return;
    }
    let completing: Promise<unknown> | undefined;
    void this.#run(async () => {
      completing = job.moveToCompleted(null, token, true);
      // The caller of this method handles the failure.
      const answer = completing.catch(() => undefined).then((next) => this.#readNext(next, token));
      const next = await this.#track(answer);
      if (next !== undefined) await this.#deliver(next.job);
    });
    await completing;
  }

  /** @param job - `undefined`: the queue was empty. */
  async #deliver(job: BullMQJob | undefined): Promise<void> {
    const found = job ?? (this.#mayFetch ? await this.#waitForJob() : undefined);
    if (found === undefined) return;
    const mustWait = this.#arrived.length > 0 || (this.#answers.size > 0 && this.#handler.needsOrder?.());
    if (mustWait) await this.#deliverInOrder(found);
    else this.#handler.onJob(found);
  }

  /** Several fetches may take jobs in one order and bring them in another. */
  async #deliverInOrder(job: BullMQJob): Promise<void> {
    const behind = this.#arrived.findIndex(({ priority }) => priority > job.priority);
    this.#arrived.splice(behind === -1 ? this.#arrived.length : behind, 0, job);
    await isSettledWithin(Promise.allSettled([...this.#answers]), MAX_ORDERING);
    while (this.#arrived.includes(job)) this.#handler.onJob(this.#arrived.shift() as BullMQJob);
  }

  #track<T>(answer: Promise<T>): Promise<T> {
    this.#answers.add(answer);
    const forget = () => this.#answers.delete(answer);
    answer.then(forget, forget);
    return answer;
  }

  /** @returns `undefined` if the answer is not about a next job. */
  async #readNext(next: unknown, token: string): Promise<{ job: BullMQJob | undefined } | undefined> {
    if (!Array.isArray(next)) return undefined;
    const [data, id] = next;
    return { job: await (this.#worker as unknown as WorkerMethods).nextJobFromJobData(data, id, token) };
  }

  async #waitForJob(): Promise<BullMQJob | undefined> {
    this.#pauses++;
    try {
      let job: BullMQJob | undefined;
      let delay = MIN_DELAY;
      while (job === undefined && !this.#isStopped) {
        const started = performance.now();
        job = await this.#next(true);
        if (job !== undefined) break;
        await this.#waitForRate();
        if (performance.now() - started > MAX_DELAY) continue;
        await sleep(delay, { ref: false });
        delay = Math.min(2 * delay, MAX_DELAY);
      }
      return job;
    } finally {
      this.#pauses--;
    }
  }

  /** While the queue has reached its rate limit, a fetch returns at once, and would be repeated at once. */
  async #waitForRate(): Promise<void> {
    const { limitUntil } = this.#worker as unknown as WorkerMethods;
    const delay = limitUntil - RealDate.now();
    if (delay > 0) await sleep(Math.min(delay, MAX_RATE_DELAY), { ref: false });
  }

  #next(block: boolean): Promise<BullMQJob | undefined> {
    return this.#worker.getNextJob(`${this.#worker.id}:${++this.#tokens}`, { block });
  }

  async #pauseAfter(error: Error): Promise<void> {
    this.#handler.onError(error);
    this.#pauses++;
    await sleep(RETRY_DELAY, { ref: false });
    this.#pauses--;
  }
}
