import { EventEmitter } from 'eventemitter3';
import { InvalidStateError } from '../errors.js';
import type { MixedFunction, TaskFunction } from '../functions/address/address.js';
import type { PoolEvents } from '../observe/events.js';
import { openPools } from '../observe/inspection.js';
import type { PoolInsights } from '../observe/measure/insights.js';
import { Observers } from '../observe/observers.js';
import { requireStartable } from '../process/startable.js';
import type { Emitter } from '../util/emitter.js';
import { holdUntil } from '../util/keep-alive.js';
import { BasePool } from './base-pool.js';
import type { Inspection } from './inspection.js';
import { LocalBackend } from './local-backend.js';
import {
  type ApplyOptions,
  type BroadcastArguments,
  type ItemOf,
  type Items,
  readStreamOptions,
  type StreamArguments,
  type StreamOptions,
} from './options/call-options.js';
import { type PoolOptions, readPoolOptions } from './options/pool-options.js';
import type { PoolStats } from './stats.js';
import { tolerateTermination } from './task/call.js';
import type { AnyFunction, Job } from './task/job.js';
import { Tracing } from './tracing/tracing.js';

/**
 * Runs async functions on many processes, many at a time in each.
 *
 * The processes start with the pool. They never keep the program alive by themselves: only work that is asked for and
 * not answered does. After Python's `aiomultiprocess.Pool`.
 *
 * @example
 * ```ts
 * await using pool = new Pool({ processes: 4 });
 * const pages = await pool.map(fetchPage, urls);
 * ```
 * @since 0.2.0
 */
export class Pool extends BasePool<PoolEvents> {
  readonly #backend: LocalBackend;
  readonly #observers: Observers;
  readonly #inspection: Inspection;

  /**
   * @throws TypeError or RangeError for an unknown or wrong option.
   * @throws {@link TaskNotFoundError} if no child can find an initializer.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: PoolOptions = {}) {
    const read = readPoolOptions(options);
    requireStartable('a Pool', read.spawn.execPath);
    const events: Emitter<PoolEvents> = new EventEmitter();
    let backend: LocalBackend | undefined;
    const observers = new Observers(read, events, () => backend);
    const tracing = new Tracing(read.name, events, read.contextPropagation?.capture, () => backend?.measure());
    try {
      backend = new LocalBackend(read, events, tracing);
    } catch (error) {
      observers.close();
      throw error;
    }
    const { taskTimeout: timeout, retries, memory } = read;
    super(backend, { timeout, retries, priority: 0, asViews: memory?.views ?? false }, events, tracing);
    this.#backend = backend;
    this.#observers = observers;
    const inspection = backend.inspect();
    this.#inspection = inspection;
    openPools.add(inspection);
    void backend.ended.then(() => {
      observers.close();
      openPools.delete(inspection);
    });
    this.openDashboard(read.dashboard);
  }

  /**
   * Runs `body` with a new pool, and terminates the pool after it: `await using` for every version of Node.js.
   *
   * @example
   * ```ts
   * const pages = await Pool.using({ processes: 4 }, (pool) => pool.map(fetchPage, urls));
   * ```
   */
  static async using<T>(options: PoolOptions, body: (pool: Pool) => T | PromiseLike<T>): Promise<T> {
    const pool = new Pool(options);
    try {
      return await body(pool);
    } finally {
      await pool[Symbol.asyncDispose]();
    }
  }

  /**
   * Runs a generator function in one of the processes, and gives its items as they are produced.
   *
   * It starts with the first item that is asked for. The child waits while its consumer is slow, and breaking out of the
   * loop runs the generator's `finally`. Errors come after the items before them. Streams are not run again.
   *
   * It takes one of the `processes` × `childConcurrency` places until it ends or is left: a consumer that calls the same
   * pool for each item needs another one.
   *
   * @example
   * ```ts
   * for await (const row of pool.stream(readRows, ['large.csv'])) await save(row);
   * ```
   */
  stream<A extends unknown[], S extends Items<unknown>>(
    fn: (...args: A) => S,
    ...rest: StreamArguments<A>
  ): AsyncGenerator<ItemOf<S>, void, undefined>;
  stream<Y>(
    fn: AnyFunction<Y>,
    args: readonly unknown[] = [],
    options: StreamOptions = {},
  ): AsyncGenerator<Y, void, undefined> {
    const read = readStreamOptions(options);
    return this.#stream(this.createJob('stream', fn, args, read), args, read.signal);
  }

  /** The pool may have been closed since the stream was asked for. */
  async *#stream<Y>(
    job: Job,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Y, void, undefined> {
    this.refuseIfClosed();
    yield* this.#backend.stream<Y>(job, args, signal);
  }

  /**
   * Runs `fn(...args)` once in every process, as soon as each is ready.
   *
   * A process that is being started again is waited for. Of a pool with `minProcesses` those count that there are at
   * this moment: none is started for it.
   *
   * @returns the results, one a process.
   * @throws (rejects) what `fn` throws; {@link ProcessExitError} if a process ended that may have begun;
   * {@link InitializerError} if one cannot be started; what {@link apply} throws for a function or arguments that cannot
   * travel, and for a pool that is closed or terminated.
   */
  broadcast<A extends unknown[], R>(fn: TaskFunction<A, R>, ...rest: BroadcastArguments<A>): Promise<R[]>;
  broadcast<A extends unknown[], R>(fn: MixedFunction<A, R>, ...rest: BroadcastArguments<A>): Promise<Awaited<R>[]>;
  broadcast<R>(fn: AnyFunction<R>, args: readonly unknown[] = []): Promise<R[]> {
    return tolerateTermination(this.broadcastFrom(fn, args, {}));
  }

  /**
   * @internal
   * Runs a broadcast of another pool.
   */
  async broadcastFrom<R>(
    fn: AnyFunction<R>,
    args: readonly unknown[],
    { signal, timeout }: Pick<ApplyOptions, 'signal' | 'timeout'>,
  ): Promise<R[]> {
    // A retry could land on a process that already ran it.
    const job = this.createJob('broadcast', fn, args, { retries: 0, ...(timeout !== undefined && { timeout }) });
    return Promise.all(this.#backend.broadcast<R>(job, args, signal));
  }

  /**
   * Waits until every process has initialised.
   *
   * @throws (rejects) {@link InitializerError}, {@link PoolTerminatedError}
   */
  ready(): Promise<void> {
    return tolerateTermination(holdUntil(this.#backend.ready()));
  }

  /**
   * Starts all processes, and has each import the modules of these functions, so that its first task does not wait for it.
   *
   * Processes that start later do so too, before they get tasks. Unlike {@link broadcast}, it starts the processes that a
   * pool with `minProcesses` has not started.
   *
   * @example
   * ```ts
   * await pool.warm(renderPage, resizeImage);
   * server.listen(8080);
   * ```
   *
   * @throws (rejects) {@link TaskNotFoundError} if a module cannot be imported or has no such function;
   * {@link TaskTimeoutError} if an import takes longer than `startTimeout`; {@link ProcessExitError} if one ends its process;
   * {@link InitializerError}, {@link PoolClosedError}, {@link PoolTerminatedError}. The pool goes on working.
   */
  warm(fn: AnyFunction, ...fns: AnyFunction[]): Promise<void> {
    return tolerateTermination(this.#warm([fn, ...fns]));
  }

  async #warm(fns: readonly AnyFunction[]): Promise<void> {
    const jobs = fns.map((fn) => this.createJob('warm', fn, []));
    await holdUntil(this.#backend.warm(jobs));
  }

  /**
   * Starts no further task until {@link resume}: of `apply`, maps, streams and broadcasts.
   *
   * Running tasks, and their time limits, go on. New calls wait; beyond `maxQueueSize` they reject as always. Processes return
   * the tasks that they were sent and have not begun. Until it has that message, a moment later, a process may begin some.
   * {@link close} resumes the pool, so that {@link join} never waits for a paused one.
   *
   * @example
   * ```ts
   * pool.pause();
   * await rotateCredentials();
   * pool.resume();
   * ```
   *
   * @throws {@link PoolClosedError}
   */
  pause(): void {
    this.refuseIfClosed();
    this.#backend.pause();
  }

  /** Starts tasks again after {@link pause}. */
  resume(): void {
    this.#backend.resume();
  }

  /** @internal */
  protected override get watched(): this {
    return this;
  }

  /** @internal What dashboards read. */
  get inspection(): Inspection {
    return this.#inspection;
  }

  /**
   * @internal
   * Cancels the tasks that have not begun, and all later ones: their callers get the reason. Running tasks go on. A process in
   * a busy loop answers late which of the tasks that it was sent it has not begun.
   */
  cancelUnstarted(reason: Error): void {
    this.#backend.cancelUnstarted(reason);
  }

  /** What the pool does at this moment, as plain data. */
  stats(): PoolStats {
    const { taskStats } = this.#observers;
    return { ...this.#backend.stats(), ...(taskStats && { tasks: taskStats.read() }) };
  }

  /**
   * Where the time went since the pool was made, and the tasks that took longest.
   *
   * @throws {@link InvalidStateError} if the pool was made without `{ measure: true }`.
   */
  insights(): PoolInsights {
    const { insights } = this.#observers;
    if (insights === undefined) {
      throw new InvalidStateError('the pool does not measure its tasks; make it with { measure: true }');
    }
    return insights.read();
  }
}
