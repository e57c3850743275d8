import { EventEmitter } from 'eventemitter3';
import { refuseOutsideOfTask } from '../child/current-task.js';
import { InvalidStateError, PoolClosedError } from '../errors.js';
import { hold, release } from '../keep-alive.js';
import type { PoolEvents } from '../observe/events.js';
import type { PoolInsights } from '../observe/insights.js';
import { Observers } from '../observe/observers.js';
import { showProgress } from '../observe/progress/show.js';
import type { TaskFunction } from '../tasks/address.js';
import { Engine } from './engine.js';
import { type AnyFunction, type Job, Jobs } from './job.js';
import {
  type PoolOptions,
  readCallOptions,
  readPoolOptions,
  readProgressOptions,
  readStreamOptions,
} from './options.js';
import type { PoolResult } from './pool-result.js';
import type { PoolStats } from './stats.js';
import type { ApplyOptions, Arguments, MapOptions, StreamOptions } from './types.js';
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
export class Pool {
  readonly #events = new EventEmitter<PoolEvents>();
  readonly #watch: Watch;
  readonly #jobs: Jobs;
  readonly #engine: Engine;
  readonly #ended: Promise<void>;
  readonly #observers: Observers;
  #state: 'open' | 'closed' | 'terminated' = 'open';

  /**
   * @throws TypeError or RangeError for an unknown or wrong option.
   * @throws {@link TaskNotFoundError} if no child can find an initializer.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: PoolOptions = {}) {
    refuseOutsideOfTask('a Pool');
    const read = readPoolOptions(options);
    this.#observers = new Observers(read, this.#events, () => this.#engine);
    this.#watch = new Watch(read.name, this.#events, read.contextPropagation?.capture, () => this.#engine?.measure());
    this.#jobs = new Jobs({ timeout: read.taskTimeout, retries: read.retries, priority: 0 }, this.#watch);
    let onEmpty!: () => void;
    this.#ended = new Promise((resolve) => {
      onEmpty = resolve;
    });
    void this.#ended.then(() => this.#observers.close());
    try {
      this.#engine = new Engine(read, this.#events, this.#watch, () => this.#drainIfDone(), onEmpty);
    } catch (error) {
      this.#observers.close();
      throw error;
    }
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
   * Runs `fn(...args)` in one of the processes.
   *
   * The arguments are read when the task is sent: leave them alone until it is answered.
   *
   * @throws (rejects) what `fn` throws; {@link TaskNotFoundError}, {@link SerializationError},
   * {@link ProcessExitError}, {@link InitializerError}, {@link TaskTimeoutError}, {@link QueueFullError},
   * {@link PoolClosedError}, {@link PoolTerminatedError}; the reason of its signal.
   */
  apply<A extends unknown[], R>(fn: TaskFunction<A, R>, ...rest: Arguments<A>): Promise<R>;
  apply<R>(fn: AnyFunction<R>, args: readonly unknown[] = [], options?: ApplyOptions): Promise<R> {
    try {
      this.#refuseIfClosed();
      checkArguments('apply', args);
      if (options === undefined) return this.#engine.apply(this.#jobs.get(fn), args, undefined);
      const read = readCallOptions('apply', options);
      read.signal?.throwIfAborted();
      return this.#engine.apply(this.#jobs.get(fn, read), args, read);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Runs `fn(item)` for each item.
   *
   * @param items - any iterable, also an asynchronous one; items are read as the pool has room for them.
   * @throws {@link PoolClosedError}, {@link TaskNotFoundError}
   */
  map<T, R>(
    fn: (item: T) => R | PromiseLike<R>,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): PoolResult<R> {
    return this.#map('map', fn as AnyFunction<R>, items, (item) => [item], options);
  }

  /**
   * Runs `fn(...args)` for each list of arguments. Like {@link map} otherwise.
   *
   * @throws {@link PoolClosedError}, {@link TaskNotFoundError}
   */
  starmap<A extends unknown[], R>(
    fn: TaskFunction<A, R>,
    argLists: Iterable<Readonly<NoInfer<A>>> | AsyncIterable<Readonly<NoInfer<A>>>,
    options?: MapOptions,
  ): PoolResult<R>;
  starmap<R>(fn: AnyFunction<R>, argLists: unknown, options?: MapOptions): PoolResult<R> {
    return this.#map('starmap', fn, argLists, readArguments, options);
  }

  /**
   * Runs a generator function in one of the processes, and gives its items as they are produced.
   *
   * It starts with the first item that is asked for. The child waits while its consumer is slow, and breaking out of the
   * loop runs the generator's `finally`. Errors come after the items before them. Streams are not run again.
   *
   * @example
   * ```ts
   * for await (const row of pool.stream(readRows, ['large.csv'])) await save(row);
   * ```
   */
  stream<A extends unknown[], Y>(
    fn: (...args: A) => AsyncIterable<Y> | Iterable<Y>,
    ...rest: [] extends A ? [args?: Readonly<A>, options?: StreamOptions] : [args: Readonly<A>, options?: StreamOptions]
  ): AsyncGenerator<Y, void, undefined>;
  stream<Y>(
    fn: AnyFunction<Y>,
    args: readonly unknown[] = [],
    options: StreamOptions = {},
  ): AsyncGenerator<Y, void, undefined> {
    this.#refuseIfClosed();
    checkArguments('stream', args);
    const read = readStreamOptions(options);
    return this.#stream(this.#jobs.get(fn, read), args, read.signal);
  }

  /** The pool may have been closed since the stream was asked for. */
  async *#stream<Y>(
    job: Job,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Y, void, undefined> {
    this.#refuseIfClosed();
    yield* this.#engine.stream<Y>(job, args, signal);
  }

  /**
   * Runs `fn(...args)` once in every process, as soon as each is ready.
   *
   * @returns the results, one a process.
   */
  broadcast<A extends unknown[], R>(
    fn: TaskFunction<A, R>,
    ...rest: [] extends A ? [args?: Readonly<A>] : [args: Readonly<A>]
  ): Promise<R[]>;
  async broadcast<R>(fn: AnyFunction<R>, args: readonly unknown[] = []): Promise<R[]> {
    this.#refuseIfClosed();
    checkArguments('broadcast', args);
    // Run again it might be in a process that has run it already.
    return Promise.all(this.#engine.broadcast<R>(this.#jobs.get(fn, { retries: 0 }), args));
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

  /** Takes no more work; what was asked for is still done. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    this.#drainIfDone();
  }

  /** Ends all processes: SIGTERM, and SIGKILL after five seconds. What is pending rejects with `PoolTerminatedError`. */
  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#engine.terminate();
  }

  /**
   * Waits until all work is done and all processes have ended.
   *
   * @throws (rejects) {@link InvalidStateError} before {@link close} or {@link terminate}.
   */
  async join(): Promise<void> {
    if (this.#state === 'open') throw new InvalidStateError('pool is still open');
    this.#engine.ignorePace();
    hold();
    try {
      await this.#ended;
    } finally {
      release();
    }
  }

  /** Terminates and joins, as the original does at the end of `async with`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate();
    await this.join();
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

  on<E extends keyof PoolEvents>(event: E, listener: PoolEvents[E]): this {
    this.#events.on(event, listener as never);
    this.#watch.review();
    return this;
  }

  once<E extends keyof PoolEvents>(event: E, listener: PoolEvents[E]): this {
    this.#events.once(event, listener as never);
    this.#watch.review();
    return this;
  }

  off<E extends keyof PoolEvents>(event: E, listener: PoolEvents[E]): this {
    this.#events.off(event, listener as never);
    this.#watch.review();
    return this;
  }

  #map<R>(
    method: string,
    fn: AnyFunction<R>,
    items: unknown,
    toArguments: (item: unknown) => readonly unknown[],
    options: MapOptions | undefined,
  ): PoolResult<R> {
    this.#refuseIfClosed();
    const read = options === undefined ? {} : readCallOptions(method, options);
    const progress = readProgressOptions(method, read.progress ?? false);
    const result = this.#engine.map<R>({
      job: options === undefined ? this.#jobs.get(fn) : this.#jobs.get(fn, read),
      items,
      toArguments,
      onProgress: read.onProgress,
    });
    if (read.signal !== undefined) result.cancelWith(read.signal);
    if (progress !== undefined) showProgress(progress, fn.name, items, result);
    return result;
  }

  #refuseIfClosed(): void {
    if (this.#state !== 'open') throw new PoolClosedError();
  }

  #drainIfDone(): void {
    if (this.#state === 'closed' && this.#engine.isSettled) this.#engine.drain();
  }
}

function checkArguments(method: string, args: unknown): void {
  if (!Array.isArray(args)) throw new TypeError(`${method}: expected an array of arguments, got ${typeof args}`);
}

function readArguments(args: unknown): readonly unknown[] {
  checkArguments('starmap', args);
  return args as readonly unknown[];
}
