import type { Job as BullMQJob, Queue } from 'bullmq';
import { QueueError } from '../../errors.js';
import { performance } from '../../util/clock.js';
import { isSettledWithin } from '../../util/settled-within.js';
import type { HostStats } from '../stats.js';
import { Datastore, MAX_CLOSING, rejectRefusal } from '../wire/datastore.js';
import { listHosts } from '../wire/list-hosts.js';
import { retryInOutage } from '../wire/outage.js';
import { broadcastsQueueOf, controlQueueOf, leasesQueueOf, resultsQueueOf } from '../wire/queue-names.js';
import { type QueueState, readQueueState } from '../wire/queue-state.js';
import type { Shard } from '../wire/shards.js';
import { Broadcasts } from './broadcasts.js';
import { CallerLeases } from './caller-leases.js';
import { CallerRequests, type RequestedHost } from './caller-requests.js';
import { CancelledJobs } from './cancelled-jobs.js';
import type { ChunkRunContext } from './chunk-run.js';
import { DeadCallers } from './dead-callers.js';
import { JobFetcher, type JobFetcherHandler, type JobFetcherOptions } from './job-fetcher.js';
import type { ResultSenderOptions } from './result-sender.js';
import { ResultSenders } from './result-senders.js';

/** The options of a {@link HostShard}. */
export type HostShardOptions = Omit<JobFetcherOptions, 'queue'> &
  Pick<ResultSenderOptions, 'host' | 'slots' | 'maxValueSize'> & {
    prefix?: string;
    heartbeatTimeout: number;
    datastoreTimeout: number;
    /** What all shards have in common. */
    context: Omit<ChunkRunContext, 'leases' | 'resultSenderOf' | 'listHosts' | 'onArrived' | 'onBegin'>;
  };

/** The part of the state of a host that a shard knows. */
export type ShardStats = Pick<HostStats, 'datastore' | 'silence' | 'clockSkew' | 'lease'>;

/** Called by a {@link HostShard}. */
export interface HostShardHandler
  extends Pick<JobFetcherHandler, 'hasRoom' | 'onError'>,
    Pick<RequestedHost, 'report' | 'describe' | 'track'> {
  /** Whether the tasks of another job begin at once. @param coming - how many jobs have arrived that have not begun. */
  hasFreeSlot(coming: number): boolean;
  /** @param fetcher - has to be told what has become of the job. */
  onJob(job: BullMQJob, context: ChunkRunContext, fetcher: JobFetcher): void;
  /** These jobs are cancelled, or run on another host by now. */
  onAbort(ids: readonly string[]): void;
  /** This machine's clock is ahead of the datastore's by this many milliseconds, or behind if negative. */
  onSkew(skew: number): void;
}

/** One shard of the queue of a host: its connection, the jobs that come from there, and the callers that sent them. */
export class HostShard {
  readonly #shard: Shard;
  readonly #options: HostShardOptions;
  readonly #handler: HostShardHandler;
  #store: Datastore | undefined;
  #jobs: Queue | undefined;
  #leasesQueue: Queue | undefined;
  #fetcher: JobFetcher | undefined;
  #leases: CallerLeases | undefined;
  #resultSenders: ResultSenders | undefined;
  #deadCallers: DeadCallers | undefined;
  readonly #cancelled = new CancelledJobs();
  /** Fetched chunks that have not begun. */
  #arriving = 0;
  #isStopped = false;
  #isDisconnected = false;
  #closed: Promise<void> | undefined;

  constructor(shard: Shard, options: HostShardOptions, handler: HostShardHandler) {
    this.#shard = shard;
    this.#options = options;
    this.#handler = handler;
  }

  /**
   * Connects, and then takes jobs.
   *
   * @throws (rejects) {@link MissingPackageError}, {@link QueueError}, the error of a failed connection.
   */
  async start(): Promise<void> {
    const store = await Datastore.open(
      { ...this.#options, ...this.#shard },
      { onError: this.#onError, onSkew: (skew) => this.#handler.onSkew(skew) },
    );
    if (this.#isDisconnected) return store.close();
    this.#store = store;
    await this.#retry(() => store.ready());
    if (this.#isStopped) return;
    const { queue } = this.#shard;
    const jobs = store.queue(queue);
    const leases = store.queue(leasesQueueOf(queue));
    this.#jobs = jobs;
    this.#leasesQueue = leases;
    const context = this.#createContext(store, jobs, leases);
    const fetcher: JobFetcher = new JobFetcher(
      store,
      { ...this.#options, queue },
      {
        hasRoom: (fetching, roundTrip) => this.#handler.hasRoom(fetching + this.#arriving, roundTrip),
        hasFreeSlot: () => this.#handler.hasFreeSlot(this.#arriving),
        onJob: (job) => {
          if (this.#cancelled.has(job.id as string)) return this.#handler.track(fetcher.complete(job));
          this.#arriving++;
          this.#handler.onJob(job, context, fetcher);
        },
        onLost: (ids) => this.#handler.onAbort(ids),
        onError: this.#onError,
      },
    );
    this.#fetcher = fetcher;
    const requests = new CallerRequests(store.events(controlQueueOf(queue)), {
      leases: context.leases,
      broadcasts: new Broadcasts({
        ...context,
        read: async (caller, id) => (await store.queue(broadcastsQueueOf(queue, caller)).getJob(id))?.data,
        isCancelled: (id) => this.#cancelled.has(id),
        isClosing: () => this.#isStopped,
      }),
      track: (work) => this.#handler.track(work),
      report: () => this.#handler.report(),
      describe: (round) => this.#handler.describe(round),
      resultSenderOf: context.resultSenderOf,
      cancel: (ids) => {
        this.#cancelled.add(ids);
        this.#handler.onAbort(ids);
      },
      onError: this.#onError,
    });
    await this.#retry(() => requests.start().catch(rejectRefusal));
    if (this.#isStopped) return;
    await this.#retry(() => fetcher.start().catch(rejectRefusal));
    if (!this.#isStopped) this.#deadCallers?.start();
  }

  /** Retries while the datastore fails. @throws (rejects) {@link QueueError} */
  #retry(attempt: () => Promise<void>): Promise<void> {
    return retryInOutage(attempt, {
      limit: this.#options.datastoreTimeout,
      isOver: () => this.#isStopped,
      onError: this.#onError,
    });
  }

  #createContext(store: Datastore, jobs: Queue, leases: Queue): ChunkRunContext {
    const { queue } = this.#shard;
    const senders = new ResultSenders((caller) => ({
      ...this.#options,
      results: store.queue(resultsQueueOf(queue, caller)),
      getRoundTrip: () => this.#fetcher?.roundTrip ?? 0,
      onError: this.#onError,
    }));
    const deadCallers = new DeadCallers({
      queue,
      store,
      leases,
      isServing: (caller) => senders.has(caller),
      onError: this.#onError,
    });
    const callerLeases = new CallerLeases(leases, store.clock, {
      onDead: () => deadCallers.searchSoon(),
      onGone: (caller, lease) => {
        if (senders.close(caller)) deadCallers.addServed(caller, lease);
      },
    });
    this.#leases = callerLeases;
    this.#resultSenders = senders;
    this.#deadCallers = deadCallers;
    return {
      ...this.#options.context,
      leases: callerLeases,
      resultSenderOf: (caller) => senders.open(caller),
      listHosts: () => listHosts(jobs),
      onArrived: () => {
        this.#arriving--;
      },
      onBegin: (tasks) => this.#noteRate(tasks, jobs),
    };
  }

  /** BullMQ counts a chunk as one: a larger one stops the queue for as long as its other tasks would have waited. */
  async #noteRate(tasks: number, jobs: Queue): Promise<void> {
    const { rateLimit } = this.#options;
    if (rateLimit === undefined || tasks === 1) return;
    await jobs.rateLimit(Math.ceil(((tasks - 1) * rateLimit.duration) / rateLimit.max)).catch(this.#onError);
  }

  readonly #onError = (error: unknown): void => {
    // What still waits for an answer then fails, as it must.
    if (!this.#isDisconnected) this.#handler.onError(error as Error);
  };

  /** The state of its connection, and of the leases of its callers. */
  stats(): ShardStats {
    const answeredAt = this.#store?.answeredAt;
    return {
      datastore: this.#store?.state ?? 'away',
      silence: answeredAt === undefined ? null : performance.now() - answeredAt,
      clockSkew: this.#store?.clock.skew ?? 0,
      lease: this.#leases?.shortest ?? null,
    };
  }

  /** The number of callers whose chunks run here. */
  get callers(): number {
    return this.#leases?.count ?? 0;
  }

  /** How long the datastore takes to answer, in milliseconds; 0 before the first measurement. */
  get roundTrip(): number {
    return this.#fetcher?.roundTrip ?? 0;
  }

  /** @throws (rejects) {@link QueueError} if the datastore does not answer. */
  async readQueueState(): Promise<QueueState> {
    const isAway = this.#store === undefined || this.#store.state === 'away';
    if (isAway || this.#jobs === undefined || this.#leasesQueue === undefined)
      throw new QueueError('the datastore does not answer');
    return readQueueState(this.#jobs, this.#leasesQueue);
  }

  /**
   * How many jobs may be on their way from here, or have arrived and not begun. None while the datastore does not answer: they
   * wait for it, and must not keep the host from the jobs of other shards.
   */
  get coming(): number {
    if (this.#fetcher === undefined || this.#store?.state !== 'ready') return 0;
    return this.#fetcher.fetching + this.#arriving;
  }

  /** Whether the datastore answers, or may soon. */
  get isAnswering(): boolean {
    return this.#store !== undefined && this.#store.state !== 'away';
  }

  /**
   * Whether the datastore has been away for so long that the callers have sent their tasks again, through other shards: since
   * before their leases ended.
   */
  get isLost(): boolean {
    if (this.#closed !== undefined || this.#fetcher === undefined || this.#store?.state !== 'away') return false;
    return (this.#leases?.longest ?? 0) <= 0;
  }

  /** Fetches jobs while there is room. */
  fetch(): void {
    this.#fetcher?.fetch();
  }

  /** Takes no further jobs. */
  stop(): void {
    this.#isStopped = true;
    this.#fetcher?.stop();
  }

  /** Cancels the tasks that came from here, and closes the connection. */
  async leave(): Promise<void> {
    this.#handler.onAbort(this.#fetcher?.held ?? []);
    await this.close();
  }

  /** Closes the connection; call it when no job is held. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.stop();
    await isSettledWithin(Promise.allSettled([this.#fetcher?.close(), this.#deadCallers?.close()]), MAX_CLOSING);
    this.#resultSenders?.closeAll();
    this.#isDisconnected = true;
    await this.#store?.close();
  }
}
