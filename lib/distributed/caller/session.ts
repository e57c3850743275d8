import { randomUUID } from 'node:crypto';
import type { Job as BullMQJob, Queue, QueueEventsProducer, Worker } from 'bullmq';
import { clearTimeout, performance, setTimeout } from '../../util/clock.js';
import { maxBodyFor } from '../wire/body.js';
import { type Datastore, rejectRefusal } from '../wire/datastore.js';
import { JobReader } from '../wire/job-reader.js';
import { listHosts } from '../wire/list-hosts.js';
import {
  type BroadcastMessage,
  type ChunkMessage,
  type ResultsMessage,
  readResults,
  VERSION,
} from '../wire/messages.js';
import { retryInOutage } from '../wire/outage.js';
import {
  ASK,
  BROADCAST,
  broadcastsQueueOf,
  CANCEL,
  controlQueueOf,
  LEASE,
  leaseJobOf,
  leasesQueueOf,
  resultsQueueOf,
  TASKS,
  WATCH,
} from '../wire/queue-names.js';
import { RoundTrip } from '../wire/round-trip.js';

/** The options of a {@link Session}. */
export interface SessionOptions {
  queue: string;
  leaseDuration: number;
  /** How long to wait while the datastore fails, in milliseconds. */
  datastoreTimeout: number;
  maxValueSize: number;
}

/** Called by a {@link Session}. */
export interface SessionHandler {
  onResults(results: ResultsMessage): void;
  /** How many tasks wait in this process. Hosts report the sum over all callers. */
  countUnsent(): number;
  onError(error: Error): void;
  /** The lease expired: hosts consider this caller dead, and have dropped its chunks and results. */
  onLost(): void;
}

/** An encoded chunk to send. */
export interface OutgoingChunk {
  id: string;
  /** BullMQ's priority: 1 comes first. */
  priority: number;
  message: Omit<ChunkMessage, 'version' | 'caller' | 'lease' | 'maxValueSize'>;
}

/** A function for hosts to run once in each of their processes. */
export type OutgoingBroadcast = OutgoingChunk['message'] & Pick<BroadcastMessage, 'hosts'>;

/** The largest integer in BullMQ's PostgreSQL tables. */
const MAX_INT32 = 2 ** 31 - 1;

/** How often a lease is renewed before it would expire: some renewals may fail. */
const RENEWALS_PER_LEASE = 4;
/** The longest time between two renewals, in milliseconds: they also tell how many tasks wait in this process. */
const MAX_RENEWAL = 5000;

/** The presence of a caller in the datastore: its id, a queue for its results, and a lease that shows it is alive. */
export class Session {
  readonly caller = randomUUID().replaceAll('-', '');
  readonly #store: Datastore;
  readonly #options: SessionOptions;
  readonly #handler: SessionHandler;
  readonly #jobs: Queue;
  readonly #leases: Queue;
  readonly #results: Queue;
  readonly #control: QueueEventsProducer;
  readonly #roundTrip = new RoundTrip();
  /** The chunks that are being sent. */
  readonly #sending = new Map<string, Promise<unknown>>();
  /** Created with the first broadcast. */
  #broadcasts: Queue | undefined;
  #starting: Promise<void> | undefined;
  #lease: BullMQJob | undefined;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reader: JobReader | undefined;
  #ended = false;
  #lastId = 0;

  constructor(store: Datastore, options: SessionOptions, handler: SessionHandler) {
    this.#store = store;
    this.#options = options;
    this.#handler = handler;
    this.#jobs = store.queue(options.queue);
    this.#leases = store.queue(leasesQueueOf(options.queue));
    this.#results = store.queue(resultsQueueOf(options.queue, this.caller));
    this.#control = store.producer(controlQueueOf(options.queue));
  }

  /** Whether the datastore has not answered for longer than a caller waits. */
  get isAway(): boolean {
    const { answeredAt = performance.now(), state } = this.#store;
    // Between two checks it has not answered either.
    return state === 'away' && performance.now() - answeredAt > this.#options.datastoreTimeout;
  }

  /** Whether it can send chunks: hosts run nothing for a caller without a lease. */
  get isReady(): boolean {
    return this.#lease !== undefined && !this.#ended;
  }

  /** Creates the lease. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const lease = await this.#retry(() => this.#addLease());
    if (this.#ended) return;
    this.#lease = lease;
    // Only after the datastore has answered: BullMQ cannot close a worker that was never connected.
    this.#readResults();
    this.#renewLater();
  }

  async #addLease(): Promise<BullMQJob> {
    await this.#store.ready();
    // The first write: the datastore may accept the credentials, but not that they are used here.
    return this.#leases.add(LEASE, this.#leaseData(), { jobId: leaseJobOf(this.caller) }).catch(rejectRefusal);
  }

  /** Retries while the datastore fails. @throws (rejects) {@link QueueError} */
  #retry<T>(attempt: () => Promise<T>): Promise<T | undefined> {
    return retryInOutage(attempt, {
      limit: this.#options.datastoreTimeout,
      isOver: () => this.#ended,
      onError: (error) => this.#handler.onError(error),
    });
  }

  nextId(): string {
    return `${this.caller}-${++this.#lastId}`;
  }

  /**
   * Sends chunks. Retries while the datastore is down; jobs have ids, so none is added twice.
   *
   * @throws (rejects) {@link QueueError}
   */
  async send(outgoing: readonly OutgoingChunk[]): Promise<void> {
    const jobs = outgoing.map(({ id, priority, message }) => ({
      name: TASKS,
      data: this.#complete(message),
      opts: { jobId: id, priority, removeOnComplete: true, removeOnFail: { count: 100 } },
    }));
    const sending = this.#retry(() => this.#jobs.addBulk(jobs));
    for (const { id } of outgoing) this.#sending.set(id, sending);
    try {
      await sending;
    } finally {
      for (const { id } of outgoing) this.#sending.delete(id);
    }
  }

  #complete<M extends OutgoingChunk['message']>(message: M) {
    const { leaseDuration, maxValueSize } = this.#options;
    return { version: VERSION, caller: this.caller, lease: leaseDuration, maxValueSize, ...message };
  }

  /** The names of the hosts that are connected to the queue; PostgreSQL cuts long ones off. */
  listHosts(): Promise<string[]> {
    return listHosts(this.#jobs);
  }

  /**
   * Has hosts run a function. Their answers are results.
   *
   * @param id - from {@link nextId}.
   * @throws (rejects) {@link QueueError}
   */
  async broadcast(id: string, message: OutgoingBroadcast): Promise<void> {
    const { queue } = this.#options;
    this.#broadcasts ??= this.#store.queue(broadcastsQueueOf(queue, this.caller));
    const broadcasts = this.#broadcasts;
    // Not in the event: the datastore keeps the last thousand of them.
    await this.#retry(() => broadcasts.add(BROADCAST, this.#complete(message), { jobId: id }));
    await this.#retry(() => this.#control.publishEvent({ eventName: BROADCAST, caller: this.caller, id }));
  }

  /** Removes the job of a broadcast that all hosts have answered. */
  async endBroadcast(id: string): Promise<void> {
    if (!this.#ended) await this.#broadcasts?.remove(id);
  }

  /** Has hosts abort a broadcast. */
  async cancelBroadcast(id: string): Promise<void> {
    await this.#broadcasts?.remove(id);
    await this.#control.publishEvent({ eventName: CANCEL, ids: id });
  }

  /** Asks all hosts to report; their answers are results without tasks. */
  async ask(): Promise<void> {
    await this.#control.publishEvent({ eventName: ASK, caller: this.caller });
  }

  /** Asks all hosts for their state, and measures how long the datastore takes to answer. */
  async watch(round: string): Promise<void> {
    const sentAt = performance.now();
    await this.#control.publishEvent({ eventName: WATCH, caller: this.caller, round });
    this.#roundTrip.note(performance.now() - sentAt);
  }

  /** How long the datastore takes to answer {@link watch}, in milliseconds; 0 before the first measurement. */
  get roundTrip(): number {
    return this.#roundTrip.time;
  }

  /** Cancels chunks: removes them from the queue, or has hosts abort them. */
  async cancel(chunks: readonly string[]): Promise<void> {
    // PostgreSQL could remove them before it has added them, over another connection.
    await Promise.allSettled(chunks.map((id) => this.#sending.get(id)));
    const removed = await Promise.all(chunks.map((id) => this.#jobs.remove(id)));
    // PostgreSQL also removes a job that a host is taking at this moment, and then the host has it.
    const isSure = this.#store.answersInOrder;
    const running = chunks.filter((_, index) => !isSure || removed[index] === 0);
    if (running.length > 0) await this.#control.publishEvent({ eventName: CANCEL, ids: running.join() });
  }

  /** The chunks that neither wait nor run; with the reason, if a host rejected the chunk as invalid. */
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

  /** Removes the lease, the results and the broadcasts from the datastore. */
  async end(): Promise<void> {
    this.stop();
    await this.#starting;
    await this.#leases.remove(leaseJobOf(this.caller));
    if (this.#worker !== undefined) await this.#store.closeWorker(this.#worker);
    await Promise.all([this.#results, this.#broadcasts].map((queue) => queue?.obliterate({ force: true })));
  }

  /** Stops renewing the lease. */
  stop(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    void this.#reader?.stop();
  }

  #readResults(): void {
    const { queue, maxValueSize } = this.#options;
    const maxBody = maxBodyFor(maxValueSize);
    const worker = this.#store.worker(resultsQueueOf(queue, this.caller), null, {
      autorun: false,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      // Results must not be dropped if this process was too busy to take them before their locks expired.
      maxStalledCount: MAX_INT32,
    });
    // Finds results that were fetched and did not arrive, because the connection was lost.
    void worker.startStalledCheckTimer();
    const reader: JobReader = new JobReader(worker, this.#store.maxFetches, {
      wantsJob: () => true,
      onJob: (job) => void this.#receive(reader, job, maxBody),
      onError: (error) => this.#handler.onError(error),
    });
    this.#worker = worker;
    this.#reader = reader;
    reader.fetch();
  }

  async #receive(reader: JobReader, job: BullMQJob, maxBody: number): Promise<void> {
    if (this.#ended) return;
    try {
      this.#handler.onResults(readResults(job.data, maxBody));
    } catch (error) {
      this.#handler.onError(error as Error);
    }
    try {
      await reader.complete(job);
    } catch (error) {
      // Its lock expires, so it is read again, and then has no effect.
      if (!this.#ended) this.#handler.onError(error as Error);
    }
  }

  #leaseData(): object {
    return {
      version: VERSION,
      caller: this.caller,
      until: this.#store.clock.now() + this.#options.leaseDuration,
      queued: this.#handler.countUnsent(),
    };
  }

  #renewLater(): void {
    if (this.#ended) return;
    this.#timer = setTimeout(
      () => void this.#renew(),
      Math.min(MAX_RENEWAL, this.#options.leaseDuration / RENEWALS_PER_LEASE),
    );
  }

  async #renew(): Promise<void> {
    try {
      await this.#lease?.updateData(this.#leaseData());
    } catch (error) {
      if (this.#ended) return;
      if (await this.#hasExpired()) {
        this.stop();
        return this.#handler.onLost();
      }
      this.#handler.onError(error as Error);
    }
    this.#renewLater();
  }

  /** Whether the lease was removed. Other failures to renew it may be temporary. */
  async #hasExpired(): Promise<boolean> {
    try {
      return (await this.#leases.getJobState(leaseJobOf(this.caller))) === 'unknown';
    } catch {
      return false;
    }
  }
}
