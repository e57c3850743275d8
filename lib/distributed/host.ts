import { hostname } from 'node:os';
import type { Job, Queue } from 'bullmq';
import { EventEmitter } from 'eventemitter3';
import { refuseOutsideOfTask } from '../child/current-task.js';
import { InvalidStateError } from '../errors.js';
import { callListener } from '../pool/call-listener.js';
import { readPoolOptions } from '../pool/options.js';
import { Pool } from '../pool/pool.js';
import { ChunkRun } from './chunk-run.js';
import { Datastore, isSettledWithin, MAX_CLOSING } from './datastore.js';
import { ExportedFunctions } from './exported-functions.js';
import { HealthServer } from './health-server.js';
import { JobSource } from './job-source.js';
import { Leases } from './leases.js';
import { CANCEL, controlQueueOf, isCaller, LEASE, leaseJobOf, resultsQueueOf } from './names.js';
import { type HostOptions, readHostOptions } from './options.js';
import { Outbox } from './outbox.js';
import { Pace } from './pace.js';
import { Rates } from './rates.js';
import type { HostEvents, HostStats } from './types.js';

/** How many hosts a job may have lost before it runs alone. */
const SUSPECT = 2;

/**
 * Takes the tasks of distributed pools from their queue, and runs them on a pool of this machine.
 *
 * Only functions that its modules export can be called. `npx aiomultiprocess host` is this class.
 *
 * @example
 * ```ts
 * const host = new Host({ queue: 'crawl', connection: 'redis://localhost', modules: ['./tasks.js'] });
 * await host.start();
 * process.once('SIGTERM', () => host.close());
 * ```
 */
export class Host {
  readonly name: string;
  readonly #options: ReturnType<typeof readHostOptions>;
  readonly #events = new EventEmitter<HostEvents>();
  readonly #slots: number;
  readonly #pace: Pace;
  readonly #rates = new Rates();
  readonly #runs = new Map<string, ChunkRun>();
  readonly #outboxes = new Map<string, Outbox>();
  readonly #counts = { done: 0, failed: 0, refused: 0, finishedChunks: 0 };
  #state: 'new' | 'started' | 'closing' = 'new';
  #pool: Pool | undefined;
  #store: Datastore | undefined;
  #source: JobSource | undefined;
  #health: HealthServer | undefined;
  #closed: Promise<void> | undefined;

  /**
   * @throws TypeError for an unknown or wrong option.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: HostOptions) {
    refuseOutsideOfTask('a Host');
    this.#options = readHostOptions(options);
    this.name = this.#options.name ?? createName();
    const { processes, childConcurrency } = readPoolOptions(this.#options.pool);
    this.#slots = processes * childConcurrency;
    this.#pace = new Pace(this.#slots);
  }

  /** The port of `/healthz` and `/metrics`, once the host has started. */
  get port(): number | undefined {
    return this.#health?.port;
  }

  /**
   * Starts the processes, connects, and takes tasks from then on.
   *
   * @throws (rejects) {@link InvalidStateError} the second time; {@link TaskNotFoundError} for a module that cannot be
   * imported; {@link MissingPackageError}; what the datastore refuses the connection with.
   */
  async start(): Promise<void> {
    if (this.#state !== 'new') throw new InvalidStateError('a host is started once');
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
    const functions = await ExportedFunctions.read(pool, modules, root);
    await pool.ready();
    this.#refuseIfClosing();
    const store = await Datastore.open(this.#options, this.#onError);
    await this.#keepOrClose(store);
    this.#store = store;
    await store.ready();
    this.#refuseIfClosing();
    const jobs = store.queue(queue);
    const leases = new Leases(jobs, (caller) => this.#forget(caller));
    this.#source = new JobSource(
      store,
      { ...this.#options, name: this.name },
      {
        hasRoom: () => this.#pace.hasRoom(),
        onJob: (job) => void this.#onJob(job, { pool, functions, leases, jobs, store, maxValueSize }),
        onLost: (ids) => this.#abort(ids),
        onError: this.#onError,
      },
    );
    store.events(controlQueueOf(queue)).on(
      CANCEL as never,
      ((args: { ids?: unknown }) => {
        if (typeof args.ids === 'string') this.#abort(args.ids.split(','));
      }) as never,
    );
    if (port !== undefined) {
      const health = await HealthServer.listen(this, port, address);
      await this.#keepOrClose(health);
      this.#health = health;
    }
    await this.#source.start();
    this.#refuseIfClosing();
  }

  /** What was opened while the host was closed, nobody else closes. */
  async #keepOrClose(opened: { close(): Promise<void> }): Promise<void> {
    if (this.#state === 'closing') await opened.close();
    this.#refuseIfClosing();
  }

  #refuseIfClosing(): void {
    if (this.#state === 'closing') throw new InvalidStateError('the host was closed while it started');
  }

  async #onJob(job: Job, context: Context): Promise<void> {
    const source = this.#source as JobSource;
    if (job.name === LEASE) {
      await this.#bury(job, context);
      return;
    }
    const run = new ChunkRun(job, {
      ...context,
      host: this.name,
      pace: this.#pace,
      rates: this.#rates,
      outboxOf: (caller) => this.#openOutbox(caller, context),
      onDone: (failed) => {
        this.#counts.done++;
        if (failed) this.#counts.failed++;
      },
    });
    // A job that has lost two hosts already may be what ends them: nothing else should be lost with it.
    const isSuspect = job.stalledCounter >= SUSPECT;
    if (isSuspect) this.#pace.reserve();
    this.#runs.set(job.id as string, run);
    try {
      const refusal = await run.run();
      if (refusal !== undefined) {
        this.#counts.refused++;
        callListener(() => this.#events.emit('refused', refusal, String(job.id)));
        await source.refuse(job, refusal);
      } else if (run.isGivenBack) await source.giveBack(job, run.remainder);
      else await source.complete(job);
    } catch (error) {
      this.#onError(error);
    } finally {
      if (isSuspect) this.#pace.free();
      this.#runs.delete(job.id as string);
      this.#counts.finishedChunks++;
    }
  }

  /** Nobody has put off the lease of a caller: what is there for it is removed, and what may come yet a while later. */
  async #bury(job: Job, { jobs, store }: Context): Promise<void> {
    const source = this.#source as JobSource;
    const { caller, again } = Object(job.data) as { caller?: unknown; again?: unknown };
    if (!isCaller(caller)) return source.refuse(job, new Error('a lease names no caller'));
    try {
      await store.queue(resultsQueueOf(this.#options.queue, caller)).obliterate({ force: true });
      if (again !== true) {
        const opts = { jobId: `again-${leaseJobOf(caller)}`, delay: 60_000, priority: 1, removeOnComplete: true };
        await jobs.add(LEASE, { caller, again: true }, { ...opts, removeOnFail: true });
      }
    } catch (error) {
      this.#onError(error);
    }
    await source.complete(job);
  }

  #openOutbox(caller: string, { store, maxValueSize }: Context): Outbox {
    const known = this.#outboxes.get(caller);
    if (known !== undefined) return known;
    const results = store.queue(resultsQueueOf(this.#options.queue, caller));
    const outbox = new Outbox({ host: this.name, slots: this.#slots, maxValueSize, results, onError: this.#onError });
    this.#outboxes.set(caller, outbox);
    return outbox;
  }

  /** Nothing runs for a caller any more. */
  #forget(caller: string): void {
    this.#outboxes.get(caller)?.close();
    this.#outboxes.delete(caller);
  }

  #abort(jobs: readonly string[]): void {
    for (const id of jobs) this.#runs.get(id)?.abort();
  }

  readonly #onError = (error: unknown): void => {
    callListener(() => this.#events.emit('error', error as Error));
  };

  /**
   * Takes no more tasks. Those that run may end within the grace period; the others are given back to the queue, for
   * other hosts. Then everything is closed.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#state = 'closing';
    this.#source?.stop();
    this.#pace.stop();
    const runs = [...this.#runs.values()];
    const done = Promise.all(runs.map(({ ended }) => ended));
    if (!(await isSettledWithin(done, this.#options.gracePeriod))) {
      for (const run of runs) run.giveBack();
      // What still waits then is the news for their callers, for a datastore that is away.
      await isSettledWithin(done, MAX_CLOSING);
    }
    await this.#source?.close();
    for (const outbox of this.#outboxes.values()) outbox.close();
    await this.#health?.close();
    await this.#store?.close();
    this.#pool?.terminate();
    await this.#pool?.join();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What the host does at this moment, as plain data. */
  stats(): HostStats {
    return { chunks: this.#runs.size, running: this.#pace.running, ...this.#counts };
  }

  /** Whether it takes tasks, or will when there are some. */
  get isHealthy(): boolean {
    return this.#state === 'started' && this.#source !== undefined;
  }

  on<E extends keyof HostEvents>(event: E, listener: HostEvents[E]): this {
    this.#events.on(event, listener as never);
    return this;
  }

  off<E extends keyof HostEvents>(event: E, listener: HostEvents[E]): this {
    this.#events.off(event, listener as never);
    return this;
  }
}

let lastHost = 0;

/** Callers tell hosts apart by it. */
function createName(): string {
  const number = ++lastHost;
  return `${hostname()}-${process.pid}${number === 1 ? '' : `-${number}`}`;
}

/** What the host has opened. */
interface Context {
  pool: Pool;
  functions: ExportedFunctions;
  leases: Leases;
  jobs: Queue;
  store: Datastore;
  maxValueSize: number;
}
