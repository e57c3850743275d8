import type { Job as BullMQJob, Queue } from 'bullmq';
import { EventEmitter } from 'eventemitter3';
import { InvalidStateError } from '../../errors.js';
import { readPoolOptions } from '../../pool/options/pool-options.js';
import { Pool } from '../../pool/pool.js';
import { refuseOutsideOfTask } from '../../process/current-task.js';
import { callListener } from '../../util/call-listener.js';
import { performance } from '../../util/clock.js';
import { isSettledWithin } from '../../util/settled-within.js';
import type { HostEvents } from '../events.js';
import { type HostOptions, readHostOptions } from '../options.js';
import type { HostStats } from '../stats.js';
import { Datastore, MAX_CLOSING } from '../wire/datastore.js';
import { controlQueueOf, isCaller, LEASE, leaseJobOf, resultsQueueOf } from '../wire/queue-names.js';
import { readQueueState } from '../wire/queue-state.js';
import { AllowedFunctions } from './allowed-functions.js';
import { CallerLeases } from './caller-leases.js';
import { CallerRequests } from './caller-requests.js';
import { Capacity } from './capacity.js';
import { ChunkRun } from './chunk-run.js';
import { HealthServer } from './health-server.js';
import { JobFetcher } from './job-fetcher.js';
import { ResultSender } from './result-sender.js';
import { TaskTimes } from './task-times.js';

/** A job that lost this many hosts runs alone. */
const SUSPECT_LOSSES = 2;

/**
 * Runs the tasks of distributed pools: takes them from the queue, and runs them on a pool on this machine.
 *
 * Callers can only call functions that its modules export. `npx aiomultiprocess host` runs this class.
 *
 * @example
 * ```ts
 * const host = new Host({ queue: 'crawl', connection: 'redis://localhost', modules: ['./tasks.js'] });
 * await host.start();
 * process.once('SIGTERM', () => host.close());
 * ```
 * @since 0.1.0
 */
export class Host {
  /** The name of the host in logs and errors. */
  readonly name: string;
  readonly #options: ReturnType<typeof readHostOptions>;
  readonly #events = new EventEmitter<HostEvents>();
  readonly #slots: number;
  readonly #capacity: Capacity;
  readonly #times: TaskTimes;
  readonly #runs = new Map<string, ChunkRun>();
  readonly #resultSenders = new Map<string, ResultSender>();
  readonly #counts = { done: 0, failed: 0, refused: 0, finishedChunks: 0 };
  readonly #startedAt = performance.now();
  #state: 'new' | 'started' | 'closing' = 'new';
  #pool: Pool | undefined;
  #store: Datastore | undefined;
  #leases: CallerLeases | undefined;
  #fetcher: JobFetcher | undefined;
  #health: HealthServer | undefined;
  #closed: Promise<void> | undefined;

  /**
   * @throws TypeError for an unknown or invalid option.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: HostOptions) {
    refuseOutsideOfTask('a Host');
    this.#options = readHostOptions(options);
    this.name = this.#options.name;
    const { processes, childConcurrency } = readPoolOptions(this.#options.pool);
    this.#slots = processes * childConcurrency;
    this.#times = new TaskTimes(this.#slots);
    this.#capacity = new Capacity(this.#slots, this.#times);
  }

  /** The port of `/healthz` and `/metrics`, once the host has started. */
  get port(): number | undefined {
    return this.#health?.port;
  }

  /**
   * Starts the processes, connects, and then takes tasks.
   *
   * @throws (rejects) {@link InvalidStateError} if it was called before.
   * @throws (rejects) {@link TaskNotFoundError} if a module cannot be imported.
   * @throws (rejects) {@link MissingPackageError}, {@link QueueError}, the error of a failed connection.
   */
  async start(): Promise<void> {
    if (this.#state !== 'new') throw new InvalidStateError('start() was already called; create another Host');
    this.#state = 'started';
    try {
      await this.#start();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { modules, root, queue, maxValueSize, port, address } = this.#options;
    const pool = new Pool(this.#options.pool);
    this.#pool = pool;
    const functions = await AllowedFunctions.read(pool, modules, root);
    await pool.ready();
    this.#refuseIfClosing();
    const store = await Datastore.open(this.#options, { onError: this.#onError, onSkew: this.#onSkew });
    await this.#keepOrClose(store);
    this.#store = store;
    await store.ready();
    this.#refuseIfClosing();
    const jobs = store.queue(queue);
    const leases = new CallerLeases(jobs, (caller) => this.#closeResultSender(caller));
    this.#leases = leases;
    this.#fetcher = new JobFetcher(
      store,
      { ...this.#options, name: this.name },
      {
        hasRoom: (fetching, roundTrip) => this.#capacity.hasRoom(fetching, roundTrip),
        onJob: (job) => void this.#onJob(job, { pool, functions, leases, jobs, store, maxValueSize }),
        onLost: (ids) => this.#abort(ids),
        onError: this.#onError,
      },
    );
    new CallerRequests(store.events(controlQueueOf(queue)), {
      leases,
      report: () => {
        const { running, done, failed, refused } = this.stats();
        return { running, done, failed, refused, uptime: performance.now() - this.#startedAt };
      },
      resultSenderOf: (caller) => this.#openResultSender(caller, { store, maxValueSize }),
      abort: (ids) => this.#abort(ids),
      onError: this.#onError,
    });
    if (port !== undefined) {
      const observed = {
        queue,
        isHealthy: () => this.isHealthy,
        stats: () => this.stats(),
        readQueueState: () => readQueueState(jobs),
      };
      const health = await HealthServer.listen(observed, port, address);
      await this.#keepOrClose(health);
      this.#health = health;
    }
    await this.#fetcher.start();
    this.#refuseIfClosing();
  }

  /** If the host was closed meanwhile, closes what has just been opened: `close()` did not see it. */
  async #keepOrClose(opened: { close(): Promise<void> }): Promise<void> {
    if (this.#state === 'closing') await opened.close();
    this.#refuseIfClosing();
  }

  #refuseIfClosing(): void {
    if (this.#state === 'closing') throw new InvalidStateError('the host was closed while it was starting');
  }

  async #onJob(job: BullMQJob, context: Context): Promise<void> {
    const fetcher = this.#fetcher as JobFetcher;
    if (job.name === LEASE) {
      await this.#removeDeadCaller(job, context);
      return;
    }
    if (this.#capacity.isReserved) {
      // Fetched before the suspect was known: other hosts run it.
      await fetcher.requeue(job, undefined);
      return;
    }
    this.#capacity.expect();
    const run = new ChunkRun(job, {
      ...context,
      host: this.name,
      capacity: this.#capacity,
      times: this.#times,
      resultSenderOf: (caller) => this.#openResultSender(caller, context),
      onDone: (failed) => {
        this.#counts.done++;
        if (failed) this.#counts.failed++;
      },
      isLimited: this.#options.rateLimit !== undefined,
      listHosts: () => this.#listHosts(context.jobs),
      onBegin: (tasks) => this.#noteRate(tasks, context.jobs),
      onTaskEnd: (time) => {
        this.#capacity.end(time);
        fetcher.fetch();
      },
    });
    // A job that lost two hosts may be the cause. It runs alone, so that no other job is lost with it.
    const isSuspect = job.stalledCounter >= SUSPECT_LOSSES;
    if (isSuspect) this.#capacity.reserve();
    this.#runs.set(job.id as string, run);
    try {
      const refusal = await run.run();
      if (refusal !== undefined) {
        this.#counts.refused++;
        callListener(() => this.#events.emit('refused', refusal, String(job.id)));
        await fetcher.refuse(job, refusal);
      } else if (run.needsRequeue) await fetcher.requeue(job, run.remainder);
      else await fetcher.complete(job);
    } catch (error) {
      this.#onError(error);
    } finally {
      if (isSuspect) this.#capacity.unreserve();
      this.#runs.delete(job.id as string);
      this.#counts.finishedChunks++;
      fetcher.fetch();
    }
  }

  /** Names their connections, as BullMQ does for its workers. */
  async #listHosts(jobs: Queue): Promise<string[]> {
    const workers = await jobs.getWorkers();
    return workers.flatMap(({ rawname, name }) =>
      String(rawname ?? name)
        .split(':w:')
        .slice(1),
    );
  }

  /** BullMQ counts a chunk as one: a larger one stops the queue for as long as its other tasks would have waited. */
  async #noteRate(tasks: number, jobs: Queue): Promise<void> {
    const { rateLimit } = this.#options;
    if (rateLimit === undefined || tasks === 1) return;
    await jobs.rateLimit(Math.ceil(((tasks - 1) * rateLimit.duration) / rateLimit.max)).catch(this.#onError);
  }

  /** A due lease means a dead caller: removes its results now, and late ones a minute later. */
  async #removeDeadCaller(job: BullMQJob, { jobs, store }: Context): Promise<void> {
    const fetcher = this.#fetcher as JobFetcher;
    const { caller, again } = Object(job.data) as { caller?: unknown; again?: unknown };
    if (!isCaller(caller))
      return fetcher.refuse(job, new Error('received an invalid lease: caller must be 32 hexadecimal digits'));
    try {
      await store.queue(resultsQueueOf(this.#options.queue, caller)).obliterate({ force: true });
      if (again !== true) {
        const opts = { jobId: `again-${leaseJobOf(caller)}`, delay: 60_000, priority: 1, removeOnComplete: true };
        await jobs.add(LEASE, { caller, again: true }, { ...opts, removeOnFail: true });
      }
    } catch (error) {
      this.#onError(error);
    }
    await fetcher.complete(job);
  }

  #openResultSender(caller: string, { store, maxValueSize }: Pick<Context, 'store' | 'maxValueSize'>): ResultSender {
    const known = this.#resultSenders.get(caller);
    if (known !== undefined) return known;
    const results = store.queue(resultsQueueOf(this.#options.queue, caller));
    const resultSender = new ResultSender({
      host: this.name,
      slots: this.#slots,
      maxValueSize,
      results,
      getRoundTrip: () => this.#fetcher?.roundTrip ?? 0,
      onError: this.#onError,
    });
    this.#resultSenders.set(caller, resultSender);
    return resultSender;
  }

  /** The last chunk of a caller has ended. */
  #closeResultSender(caller: string): void {
    this.#resultSenders.get(caller)?.close();
    this.#resultSenders.delete(caller);
  }

  #abort(jobs: readonly string[]): void {
    for (const id of jobs) this.#runs.get(id)?.abort();
  }

  readonly #onError = (error: unknown): void => {
    callListener(() => this.#events.emit('error', error as Error));
  };

  readonly #onSkew = (skew: number): void => {
    callListener(() => this.#events.emit('clockSkew', skew));
  };

  /**
   * Stops taking tasks, and closes the host. Running tasks may finish within the grace period; unfinished ones go back to
   * the queue, for other hosts.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#state = 'closing';
    this.#fetcher?.stop();
    const runs = [...this.#runs.values()];
    const done = Promise.all(runs.map(({ ended }) => ended));
    if (!(await isSettledWithin(done, this.#options.gracePeriod))) {
      for (const run of runs) run.requeue();
      // Only results still wait then, because the datastore does not answer.
      await isSettledWithin(done, MAX_CLOSING);
    }
    await this.#fetcher?.close();
    for (const resultSender of this.#resultSenders.values()) resultSender.close();
    await this.#health?.close();
    await this.#store?.close();
    this.#pool?.terminate();
    await this.#pool?.join();
  }

  /** Stops the host, at the end of the scope of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The current state of the host, as plain data. */
  stats(): HostStats {
    const store = this.#store;
    const answeredAt = store?.answeredAt;
    return {
      chunks: this.#runs.size,
      running: this.#times.running,
      ...this.#counts,
      slots: this.#slots,
      datastore: store?.state ?? 'away',
      silence: answeredAt === undefined ? null : performance.now() - answeredAt,
      clockSkew: store?.clock.skew ?? 0,
      lease: this.#leases?.shortest ?? null,
    };
  }

  /** Whether the host takes tasks: it has started, is not closing, and the datastore answers. */
  get isHealthy(): boolean {
    return this.#state === 'started' && this.#fetcher !== undefined && this.#store?.state !== 'away';
  }

  /** Calls `listener` for each event of this name. */
  on<E extends keyof HostEvents>(event: E, listener: HostEvents[E]): this {
    this.#events.on(event, listener as never);
    return this;
  }

  /** Removes a listener. */
  off<E extends keyof HostEvents>(event: E, listener: HostEvents[E]): this {
    this.#events.off(event, listener as never);
    return this;
  }
}

/** What `start()` has opened. */
interface Context {
  pool: Pool;
  functions: AllowedFunctions;
  leases: CallerLeases;
  jobs: Queue;
  store: Datastore;
  maxValueSize: number;
}
