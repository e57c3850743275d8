import { EventEmitter } from 'eventemitter3';
import { InvalidStateError } from '../errors.js';
import { hold, release } from '../keep-alive.js';
import type { PoolEvents } from '../observe/events.js';
import type { PoolInsights } from '../observe/insights.js';
import { Observers } from '../observe/observers.js';
import { requireStartable } from '../startable.js';
import type { MixedFunction, TaskFunction } from '../tasks/address.js';
import { BasePool } from './base-pool.js';
import { Engine } from './engine.js';
import type { AnyFunction, Job } from './job.js';
import { type PoolOptions, readPoolOptions, readStreamOptions } from './options.js';
import type { PoolStats } from './stats.js';
import type { BroadcastArguments, ItemOf, Items, StreamArguments, StreamOptions } from './types.js';
import { Watch } from './watch.js';

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
 */
export class Pool extends BasePool<PoolEvents> {
  readonly #engine: Engine;
  readonly #observers: Observers;

  /**
   * @throws TypeError or RangeError for an unknown or wrong option.
   * @throws {@link TaskNotFoundError} if no child can find an initializer.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: PoolOptions = {}) {
    const read = readPoolOptions(options);
    requireStartable('a Pool', read.spawn.execPath);
    const events = new EventEmitter<PoolEvents>();
    let engine: Engine | undefined;
    const observers = new Observers(read, events, () => engine);
    const watch = new Watch(read.name, events, read.contextPropagation?.capture, () => engine?.measure());
    try {
      engine = new Engine(read, events, watch);
    } catch (error) {
      observers.close();
      throw error;
    }
    super(engine, { timeout: read.taskTimeout, retries: read.retries, priority: 0 }, events, watch);
    this.#engine = engine;
    this.#observers = observers;
    void engine.ended.then(() => observers.close());
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
    yield* this.#engine.stream<Y>(job, args, signal);
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
  async broadcast<R>(fn: AnyFunction<R>, args: readonly unknown[] = []): Promise<R[]> {
    // Run again it might be in a process that has run it already.
    const job = this.createJob('broadcast', fn, args, { retries: 0 });
    return Promise.all(this.#engine.broadcast<R>(job, args));
  }

  /**
   * Waits until every process has initialised.
   *
   * @throws (rejects) {@link InitializerError}, {@link PoolTerminatedError}
   */
  async ready(): Promise<void> {
    hold();
    try {
      await this.#engine.ready();
    } finally {
      release();
    }
  }

  /** What the pool does at this moment, as plain data. */
  stats(): PoolStats {
    const { measurements } = this.#observers;
    return { ...this.#engine.stats(), ...(measurements && { tasks: measurements.read() }) };
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
