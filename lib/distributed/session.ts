import { randomUUID } from 'node:crypto';
import type { Job, Queue, QueueEventsProducer } from 'bullmq';
import { QueueError } from '../errors.js';
import { clearTimeout, RealDate, setTimeout, sleep } from '../util/clock.js';
import type { Datastore } from './datastore.js';
import { type Chunk as ChunkMessage, type Results, readResults, VERSION } from './messages.js';
import { CANCEL, controlQueueOf, LEASE, leaseJobOf, resultsQueueOf, TASKS } from './names.js';
import { maxBodyFor } from './payload.js';

/** What a {@link Session} needs to know. */
export interface SessionOptions {
  queue: string;
  leaseDuration: number;
  maxValueSize: number;
}

/** What a {@link Session} tells. */
export interface SessionOwner {
  onResults(results: Results): void;
  onError(error: Error): void;
  /** The hosts have taken this caller for dead, and dropped what it was waiting for. */
  onLost(): void;
}

/** A chunk that is ready to be sent. */
export interface Parcel {
  id: string;
  /** BullMQ's: 1 comes first. */
  priority: number;
  message: Omit<ChunkMessage, 'version' | 'caller' | 'lease' | 'maxValueSize'>;
}

/** How often tasks are sent that were not taken. */
const MAX_TRIES = 30;
/** The pause after the datastore has failed, in milliseconds. */
const PAUSE = 500;

/** No number in BullMQ's tables of PostgreSQL is larger. */
const MAX_INT32 = 2 ** 31 - 1;

/** So many signs of life may be lost. */
const SIGNS = 4;

/** A caller, as the hosts know it: a queue for its results, and a lease that says it is there. */
export class Session {
  readonly caller = randomUUID().replaceAll('-', '');
  readonly #store: Datastore;
  readonly #options: SessionOptions;
  readonly #owner: SessionOwner;
  readonly #jobs: Queue;
  readonly #results: Queue;
  readonly #control: QueueEventsProducer;
  #starting: Promise<void> | undefined;
  #lease: Job | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  #lastId = 0;

  constructor(store: Datastore, options: SessionOptions, owner: SessionOwner) {
    this.#store = store;
    this.#options = options;
    this.#owner = owner;
    this.#jobs = store.queue(options.queue);
    this.#results = store.queue(resultsQueueOf(options.queue, this.caller));
    this.#control = store.producer(controlQueueOf(options.queue));
  }

  /** Whether it can send chunks: the hosts would run nothing for a caller that has no lease. */
  get isReady(): boolean {
    return this.#lease !== undefined && !this.#ended;
  }

  /** Makes itself known. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { leaseDuration } = this.#options;
    await this.#store.ready();
    const lease = await this.#jobs.add(LEASE, this.#sign(), {
      jobId: leaseJobOf(this.caller),
      delay: leaseDuration,
      priority: 1,
      removeOnComplete: true,
      removeOnFail: true,
    });
    if (this.#ended) return;
    this.#lease = lease;
    // Not before the datastore has answered: BullMQ cannot end a worker that never was connected.
    this.#readResults();
    this.#renewLater();
  }

  nextId(): string {
    return `${this.caller}-${++this.#lastId}`;
  }

  /**
   * A datastore that is away for a while is waited for: jobs have ids, so none is added twice.
   *
   * @throws (rejects) {@link QueueError}
   */
  async send(parcels: readonly Parcel[]): Promise<void> {
    const { leaseDuration, maxValueSize } = this.#options;
    const jobs = parcels.map(({ id, priority, message }) => ({
      name: TASKS,
      data: { version: VERSION, caller: this.caller, lease: leaseDuration, maxValueSize, ...message },
      opts: { jobId: id, priority, removeOnComplete: true, removeOnFail: { count: 100 } },
    }));
    for (let tries = 1; !this.#ended; tries++) {
      try {
        await this.#jobs.addBulk(jobs);
        return;
      } catch (cause) {
        if (tries === MAX_TRIES) throw new QueueError(`the datastore takes no tasks: ${String(cause)}`, { cause });
        this.#owner.onError(cause as Error);
        await sleep(PAUSE);
      }
    }
  }

  /** Takes chunks back: from the queue, or from the hosts that run them. */
  async cancel(chunks: readonly string[]): Promise<void> {
    const removed = await Promise.all(chunks.map((id) => this.#jobs.remove(id)));
    const running = chunks.filter((_, index) => removed[index] === 0);
    if (running.length > 0) await this.#control.publishEvent({ eventName: CANCEL, ids: running.join() });
  }

  /** Those of the chunks that neither wait nor run, and for those that no host could read the reason. */
  async findMissing(chunks: readonly string[]): Promise<Map<string, string | undefined>> {
    const missing = new Map<string, string | undefined>();
    await Promise.all(
      chunks.map(async (id) => {
        const state = await this.#jobs.getJobState(id);
        if (state === 'unknown') missing.set(id, undefined);
        else if (state === 'failed') missing.set(id, (await this.#jobs.getJob(id))?.failedReason);
      }),
    );
    return missing;
  }

  /** Leaves nothing behind in the datastore. */
  async end(): Promise<void> {
    this.abandon();
    await this.#starting;
    await this.#jobs.remove(leaseJobOf(this.caller));
    await this.#results.obliterate({ force: true });
  }

  /** Gives no more signs of life. */
  abandon(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #readResults(): void {
    const { queue, maxValueSize } = this.#options;
    const maxBody = maxBodyFor(maxValueSize);
    this.#store.worker(resultsQueueOf(queue, this.caller), async ({ data }) => this.#receive(data, maxBody), {
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      runRetryDelay: PAUSE,
      // They come until they are read, however often this process was too busy.
      maxStalledCount: MAX_INT32,
    });
  }

  #receive(data: unknown, maxBody: number): void {
    if (this.#ended) return;
    try {
      this.#owner.onResults(readResults(data, maxBody));
    } catch (error) {
      this.#owner.onError(error as Error);
    }
  }

  /** What a lease says. */
  #sign(): object {
    return { version: VERSION, caller: this.caller, until: RealDate.now() + this.#options.leaseDuration };
  }

  #renewLater(): void {
    if (this.#ended) return;
    this.#timer = setTimeout(() => void this.#renew(), this.#options.leaseDuration / SIGNS);
  }

  async #renew(): Promise<void> {
    try {
      await this.#lease?.updateData(this.#sign());
      await this.#lease?.changeDelay(this.#options.leaseDuration);
    } catch (error) {
      if (this.#ended) return;
      if (await this.#isBuried()) {
        this.abandon();
        return this.#owner.onLost();
      }
      this.#owner.onError(error as Error);
    }
    this.#renewLater();
  }

  /** Any other reason why a lease was not renewed may pass. */
  async #isBuried(): Promise<boolean> {
    try {
      return (await this.#jobs.getJobState(leaseJobOf(this.caller))) !== 'delayed';
    } catch {
      return false;
    }
  }
}
