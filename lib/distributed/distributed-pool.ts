import { EventEmitter } from 'eventemitter3';
import { refuseOutsideOfTask } from '../child/current-task.js';
import { InvalidStateError, PoolClosedError } from '../errors.js';
import { showProgress } from '../observe/progress/show.js';
import { type AnyFunction, Jobs } from '../pool/job.js';
import { readCallOptions, readProgressOptions } from '../pool/options.js';
import type { PoolResult } from '../pool/pool-result.js';
import type { ApplyOptions, Arguments, MapOptions } from '../pool/types.js';
import { Watch } from '../pool/watch.js';
import type { TaskFunction } from '../tasks/address.js';
import { Caller } from './caller.js';
import { type DistributedPoolOptions, readDistributedPoolOptions } from './options.js';
import type { DistributedPoolEvents, DistributedPoolStats } from './types.js';

/**
 * The methods of a `Pool`, for many machines: tasks go through BullMQ, on Redis or PostgreSQL, to the hosts that were
 * started with `aiomultiprocess host`.
 *
 * A task runs at least once: one whose host dies runs again on another. Its caller gets one result. The pool connects
 * with the first call, and keeps the program alive until it is closed or terminated.
 *
 * @example
 * ```ts
 * await using pool = new DistributedPool({ queue: 'crawl', connection: 'redis://localhost' });
 * const pages = await pool.map(fetchPage, urls);
 * ```
 */
export class DistributedPool {
  readonly #events = new EventEmitter<DistributedPoolEvents>();
  readonly #watch: Watch;
  readonly #jobs: Jobs;
  readonly #caller: Caller;
  #state: 'open' | 'closed' | 'terminated' = 'open';
  readonly #ended: Promise<void>;
  #end!: () => void;

  /**
   * @throws TypeError or RangeError for an unknown or wrong option.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: DistributedPoolOptions) {
    refuseOutsideOfTask('a DistributedPool');
    const read = readDistributedPoolOptions(options);
    this.#watch = new Watch(read.queue, this.#events as never, undefined, () => {});
    this.#jobs = new Jobs({ timeout: read.taskTimeout, retries: read.retries, priority: 0 }, this.#watch);
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#caller = new Caller(read, this.#events, this.#watch, () => this.#endIfDone());
  }

  /**
   * Runs `fn(...args)` on one of the hosts.
   *
   * @throws (rejects) what `fn` throws; {@link TaskNotFoundError} also if no host has the function;
   * {@link SerializationError} also for more than `maxValueSize`; {@link HostLostError}, {@link QueueError},
   * {@link MissingPackageError}, {@link TaskTimeoutError}, {@link ProcessExitError}, {@link PoolClosedError},
   * {@link PoolTerminatedError}.
   */
  apply<A extends unknown[], R>(fn: TaskFunction<A, R>, ...rest: Arguments<A>): Promise<R>;
  apply<R>(fn: AnyFunction<R>, args: readonly unknown[] = [], options?: ApplyOptions): Promise<R> {
    try {
      this.#refuseIfClosed();
      checkArguments('apply', args);
      if (options === undefined) return this.#caller.apply(this.#jobs.get(fn), args, undefined);
      const read = readCallOptions('apply', options);
      read.signal?.throwIfAborted();
      return this.#caller.apply(this.#jobs.get(fn, read), args, read);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Runs `fn(item)` for each item.
   *
   * @param items - any iterable, also an asynchronous one; items are read as the hosts have room for them.
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
   * Connects, and waits until the datastore answers.
   *
   * @throws (rejects) {@link MissingPackageError}, and what the datastore refuses the connection with.
   */
  async ready(): Promise<void> {
    this.#refuseIfClosed();
    await this.#caller.ready();
  }

  /** Takes no more work; what was asked for is still done. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    this.#endIfDone();
  }

  /** Gives everything up: what is pending rejects with `PoolTerminatedError`, and what runs on hosts is aborted. */
  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#caller.terminate();
    this.#endIfDone();
  }

  /**
   * Waits until all work is done and the connections are closed.
   *
   * @throws (rejects) {@link InvalidStateError} before {@link close} or {@link terminate}.
   */
  async join(): Promise<void> {
    if (this.#state === 'open') throw new InvalidStateError('pool is still open');
    this.#caller.ignorePace();
    await this.#ended;
  }

  /** Terminates and joins. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate();
    await this.join();
  }

  /** What the pool does at this moment, as plain data. */
  stats(): DistributedPoolStats {
    return this.#caller.stats();
  }

  on<E extends keyof DistributedPoolEvents>(event: E, listener: DistributedPoolEvents[E]): this {
    this.#events.on(event, listener as never);
    this.#watch.review();
    return this;
  }

  once<E extends keyof DistributedPoolEvents>(event: E, listener: DistributedPoolEvents[E]): this {
    this.#events.once(event, listener as never);
    this.#watch.review();
    return this;
  }

  off<E extends keyof DistributedPoolEvents>(event: E, listener: DistributedPoolEvents[E]): this {
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
    const job = options === undefined ? this.#jobs.get(fn) : this.#jobs.get(fn, read);
    const result = this.#caller.map<R>({ job, items, toArguments, onProgress: read.onProgress });
    if (read.signal !== undefined) result.cancelWith(read.signal);
    if (progress !== undefined) void showProgress(progress, fn.name, items, result);
    return result;
  }

  #refuseIfClosed(): void {
    if (this.#state !== 'open') throw new PoolClosedError();
  }

  #endIfDone(): void {
    if (this.#state === 'open' || !this.#caller.isSettled) return;
    void this.#caller.end().then(this.#end);
  }
}

function checkArguments(method: string, args: unknown): void {
  if (!Array.isArray(args)) throw new TypeError(`${method}: expected an array of arguments, got ${typeof args}`);
}

function readArguments(args: unknown): readonly unknown[] {
  checkArguments('starmap', args);
  return args as readonly unknown[];
}
