import type { Job as BullMQJob } from 'bullmq';
import { EventEmitter } from 'eventemitter3';
import { InvalidStateError, QueueError } from '../../errors.js';
import type { HostFacts } from '../../observe/inspection.js';
import { readPoolOptions } from '../../pool/options/pool-options.js';
import { Pool } from '../../pool/pool.js';
import { refuseOutsideOfTask } from '../../process/current-task.js';
import { callListener } from '../../util/call-listener.js';
import { nextTurn, performance } from '../../util/clock.js';
import { isSettledWithin } from '../../util/settled-within.js';
import type { HostEvents } from '../events.js';
import { type HostOptions, readHostOptions } from '../options.js';
import type { HostStats } from '../stats.js';
import { AllowedFunctions } from './allowed-functions.js';
import { Capacity } from './capacity.js';
import { ChunkRun, type ChunkRunContext, HOST_IS_CLOSING } from './chunk-run.js';
import { HealthServer } from './health-server.js';
import type { HostShardOptions } from './host-shard.js';
import { HostShards } from './host-shards.js';
import type { JobFetcher } from './job-fetcher.js';
import { StateWriter } from './state-writer.js';
import { TaskTimes } from './task-times.js';

/** A job that lost this many hosts runs alone. */
const SUSPECT_LOSSES = 2;

/**
 * How long such a job waits for the jobs that run before it, in milliseconds. The host begins no others meanwhile, so tasks that
 * take longer must not stop it.
 */
const MAX_WAITING = 30_000;

/**
 * How long the steps after the grace period may take, in milliseconds: returning tasks to a datastore that is far away, and
 * the end of processes. A host ends within 5 s even if the datastore does not answer.
 */
const MAX_RETURNING = 1500;
const MAX_EXITING = 1000;

/**
 * Runs the tasks of distributed pools: takes them from the queue, and runs them on a pool on this machine.
 *
 * Callers can only call functions that its modules export. The command `aiomultiprocess host` runs this class.
 *
 * @example
 * ```ts
 * const host = new Host({ queue: 'crawl', connection: 'redis://localhost', modules: ['./tasks.js'] });
 * await host.start();
 * process.once('SIGTERM', () => host.close());
 * ```
 * @since 0.2.0
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
  /** What is being done with each job. */
  readonly #working = new Set<Promise<void>>();
  readonly #counts = { done: 0, failed: 0, refused: 0, finishedChunks: 0 };
  readonly #startedAt = performance.now();
  #state: 'new' | 'started' | 'closing' = 'new';
  #pool: Pool | undefined;
  #shards: HostShards | undefined;
  #stateWriter: StateWriter | undefined;
  #isTaking = false;
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
    const { modules, root, queue, shards, port, address } = this.#options;
    const pool = new Pool(this.#options.pool);
    this.#pool = pool;
    pool.inspection.belongTo({ name: this.name, facts: () => this.#readFacts() });
    const stateWriter = new StateWriter(pool.inspection);
    this.#stateWriter = stateWriter;
    const functions = await AllowedFunctions.read(pool, modules, root);
    await pool.ready();
    this.#refuseIfClosing();
    const taken = new HostShards(shards, this.#createShardOptions(pool, functions), {
      hasRoom: (coming, roundTrip) => this.#capacity.hasRoom(coming, roundTrip),
      hasFreeSlot: (coming) => this.#capacity.hasFreeSlot(coming),
      onJob: (job, context, fetcher) => this.#track(this.#onJob(job, context, fetcher)),
      onAbort: (ids) => this.#abort(ids),
      track: (work) => this.#track(work),
      report: () => {
        const { running, done, failed, refused } = this.stats();
        return { running, done, failed, refused, uptime: performance.now() - this.#startedAt };
      },
      describe: (round) => stateWriter.write(round),
      onError: this.#onError,
      onSkew: this.#onSkew,
    });
    this.#shards = taken;
    if (port !== undefined) {
      const observed = {
        queue,
        isHealthy: () => this.isHealthy,
        stats: () => this.stats(),
        readQueueState: () => taken.readQueueState(),
      };
      const health = await HealthServer.listen(observed, port, address);
      await this.#keepOrClose(health);
      this.#health = health;
    }
    await taken.start();
    this.#refuseIfClosing();
    this.#isTaking = true;
  }

  #createShardOptions(pool: Pool, functions: AllowedFunctions): HostShardOptions {
    const { maxValueSize, rateLimit, shardCount } = this.#options;
    return {
      ...this.#options,
      // Each shard has its part of the rate.
      ...(rateLimit !== undefined && { rateLimit: { ...rateLimit, duration: rateLimit.duration * shardCount } }),
      host: this.name,
      slots: this.#slots,
      context: {
        pool,
        functions,
        maxValueSize,
        host: this.name,
        capacity: this.#capacity,
        times: this.#times,
        isLimited: rateLimit !== undefined,
        onDone: (failed) => {
          this.#counts.done++;
          if (failed) this.#counts.failed++;
        },
        onTaskEnd: (time) => {
          this.#capacity.end(time);
          this.#shards?.fetch();
        },
      },
    };
  }

  /** If the host was closed meanwhile, closes what has just been opened: `close()` did not see it. */
  async #keepOrClose(opened: { close(): Promise<void> }): Promise<void> {
    if (this.#state === 'closing') await opened.close();
    this.#refuseIfClosing();
  }

  #refuseIfClosing(): void {
    if (this.#state === 'closing') throw new InvalidStateError('the host was closed while it was starting');
  }

  /** Closing waits for what is done with a job. */
  #track(work: Promise<void>): void {
    this.#working.add(work);
    void work.finally(() => this.#working.delete(work));
  }

  async #onJob(job: BullMQJob, context: ChunkRunContext, fetcher: JobFetcher): Promise<void> {
    if (this.#capacity.isReserved) {
      // Fetched before the suspect was known: other hosts run it.
      context.onArrived();
      await fetcher.requeue(job, undefined);
      return;
    }
    const run = new ChunkRun(job, context);
    // A job that lost two hosts may be the cause. It runs alone, so that no other job is lost with it.
    const isSuspect = job.stalledCounter >= SUSPECT_LOSSES;
    const others = [...this.#working];
    if (isSuspect) this.#capacity.reserve();
    this.#runs.set(job.id as string, run);
    try {
      if (isSuspect) await isSettledWithin(Promise.allSettled(others), MAX_WAITING);
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
      this.#shards?.fetch();
    }
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
   * Stops taking tasks, and closes the host. Tasks that have not begun go back at once, for other hosts. Running tasks may
   * finish within the grace period; those that do not go back at its end. Then the host ends within 5 s, even if the datastore
   * does not answer.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#state = 'closing';
    this.#shards?.stop();
    for (const run of this.#runs.values()) run.close();
    this.#pool?.cancelUnstarted(HOST_IS_CLOSING);
    if (!(await this.#finishWithin(this.#options.gracePeriod))) {
      // Results that have arrived are read first: their tasks must not run again.
      await nextTurn();
      for (const run of this.#runs.values()) run.requeue();
    }
    this.#pool?.terminate();
    const pooled = this.#pool?.join();
    if (!(await this.#finishWithin(MAX_RETURNING))) this.#onError(createUnreturnedError(this.#runs.size));
    await this.#shards?.close();
    this.#stateWriter?.close();
    // Processes that have not ended are killed when this program ends, if not before.
    await isSettledWithin(Promise.all([pooled, this.#health?.close()]), MAX_EXITING);
  }

  /** Whether everything that is done with jobs ends within a time, in milliseconds. */
  #finishWithin(time: number): Promise<boolean> {
    return isSettledWithin(Promise.allSettled(this.#working), time);
  }

  /** Stops the host, at the end of the scope of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The current state of the host, as plain data. */
  stats(): HostStats {
    return {
      chunks: this.#runs.size,
      running: this.#times.running,
      ...this.#counts,
      slots: this.#slots,
      ...(this.#shards?.stats() ?? { datastore: 'away', silence: null, clockSkew: 0, lease: null }),
    };
  }

  /** What a dashboard shows beside the pool. */
  #readFacts(): HostFacts {
    const { callers = 0, roundTrip = 0 } = this.#shards ?? {};
    return {
      slots: this.#slots,
      leases: callers,
      chunks: this.#runs.size,
      chunkSizes: [...this.#capacity.lastChunks],
      latency: roundTrip === 0 ? undefined : roundTrip,
    };
  }

  /** Whether the host takes tasks: it has started, is not closing, and the datastore answers. */
  get isHealthy(): boolean {
    return this.#state === 'started' && this.#isTaking && this.#shards?.stats().datastore !== 'away';
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

function createUnreturnedError(jobs: number): QueueError {
  return new QueueError(
    `the datastore does not answer, so ${jobs} jobs could not be returned; other hosts take them over when their locks expire`,
  );
}
