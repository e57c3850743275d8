import type { Dashboard } from '../dashboard/dashboard.js';
import type { DashboardOptions } from '../dashboard/options.js';
import { InvalidStateError, PoolClosedError } from '../errors.js';
import { addressLater, type MixedFunction, type TaskFunction } from '../functions/address/address.js';
import type { WatchedPool } from '../observe/progress/process-lines.js';
import { showProgress } from '../observe/progress/show.js';
import { holdUntil } from '../util/keep-alive.js';
import { describeValue } from '../util/validation.js';
import type { Backend } from './backend.js';
import type { PoolResult } from './map/pool-result.js';
import { sortByWeight } from './map/sort-by-weight.js';
import {
  type ApplyOptions,
  type Arguments,
  type Items,
  type MapOptions,
  readCallOptions,
  readProgressOptions,
} from './options/call-options.js';
import { Expiry } from './task/expiry.js';
import type { AnyFunction, Job, Limits } from './task/job.js';
import type { TaskOrigin } from './task/task.js';
import type { Tracing } from './tracing/tracing.js';

/** An emitter with any events. */
interface Emitter {
  on(event: never, listener: never): unknown;
  once(event: never, listener: never): unknown;
  off(event: never, listener: never): unknown;
}

/** The options of a call that its job keeps. */
type AskedOptions = Pick<ApplyOptions, 'timeout' | 'retries' | 'priority' | 'sharedMemory'>;

/** The calls that all pools have, wherever their tasks run. Checks them, and refuses those that come after the end. */
export abstract class BasePool<Events> {
  readonly #backend: Backend;
  readonly #limits: Limits;
  readonly #expires: number;
  /** Calls of one function without options share a job. */
  readonly #jobs = new WeakMap<AnyFunction, Job>();
  readonly #events: Emitter;
  readonly #tracing: Tracing;
  #state: 'open' | 'closed' | 'terminated' = 'open';

  /**
   * @internal
   * @param limits - those of calls without options of their own.
   * @param expires - how long they may take including the time that they wait, in milliseconds; 0: no limit.
   */
  protected constructor(backend: Backend, limits: Limits, events: Emitter, tracing: Tracing, expires = 0) {
    this.#expires = expires;
    this.#backend = backend;
    this.#limits = limits;
    this.#events = events;
    this.#tracing = tracing;
  }

  /**
   * Runs `fn(...args)` in one of the processes.
   *
   * The arguments are read when the task is sent: leave them alone until it is answered.
   *
   * @throws (rejects) what `fn` throws; {@link TaskNotFoundError}, {@link SerializationError},
   * {@link ProcessExitError}, {@link InitializerError}, {@link TaskTimeoutError}, {@link TaskExpiredError}, {@link QueueFullError},
   * {@link PoolClosedError}, {@link PoolTerminatedError}; the reason of its signal; of a distributed pool also
   * {@link HostLostError}, {@link QueueError}, {@link MissingPackageError}.
   */
  apply<A extends unknown[], R>(fn: TaskFunction<A, R>, ...rest: Arguments<A>): Promise<R>;
  apply<A extends unknown[], R>(fn: MixedFunction<A, R>, ...rest: Arguments<A>): Promise<Awaited<R>>;
  apply<R>(fn: AnyFunction<R>, args: readonly unknown[] = [], options?: ApplyOptions): Promise<R> {
    try {
      if (options === undefined && this.#expires === 0)
        return this.#backend.apply(this.createJob('apply', fn, args), args, undefined);
      const read = readCallOptions('apply', options ?? {});
      const job = this.createJob('apply', fn, args, read);
      read.signal?.throwIfAborted();
      const expiry = this.#expire(fn, read);
      if (expiry === undefined) return this.#backend.apply(job, args, read);
      const promise = this.#backend.apply<R>(job, args, { ...read, signal: expiry.signal });
      const end = () => expiry.end();
      promise.then(end, end);
      return promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Runs a task that another pool has created, under its key.
   *
   * @internal
   */
  applyFrom(origin: TaskOrigin, fn: AnyFunction, args: readonly unknown[], options: ApplyOptions): Promise<unknown> {
    try {
      const read = readCallOptions('apply', options);
      return this.#backend.apply(this.createJob('apply', fn, args, read), args, { ...read, origin });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Runs `fn(item)` for each item.
   *
   * @param items - any iterable, also an asynchronous one; items are read as there is room for them.
   * @throws {@link PoolClosedError}, {@link TaskNotFoundError}
   */
  map<T, R>(fn: TaskFunction<[item: T], R>, items: Items<T>, options?: MapOptions<NoInfer<T>>): PoolResult<R>;
  map<T, R>(fn: MixedFunction<[item: T], R>, items: Items<T>, options?: MapOptions<NoInfer<T>>): PoolResult<Awaited<R>>;
  // A wrong call is explained by the last overload alone where there are more than three: by the item that is wrong,
  // for here only the function says what items it takes.
  map<T, R>(fn: TaskFunction<[item: T], R>, items: Items<NoInfer<T>>, options?: MapOptions<NoInfer<T>>): PoolResult<R>;
  map<T, R>(
    fn: MixedFunction<[item: T], R>,
    items: readonly NoInfer<T>[] | Items<NoInfer<T>>,
    options?: MapOptions<NoInfer<T>>,
  ): PoolResult<Awaited<R>>;
  map<R>(fn: AnyFunction<R>, items: unknown, options?: MapOptions): PoolResult<R> {
    return this.#map('map', fn, items, (item) => [item], options);
  }

  /**
   * Runs `fn(...args)` for each list of arguments. Like {@link map} otherwise.
   *
   * @throws {@link PoolClosedError}, {@link TaskNotFoundError}
   */
  starmap<A extends unknown[], R>(
    fn: TaskFunction<A, R>,
    argLists: Items<Readonly<NoInfer<A>>>,
    options?: MapOptions<Readonly<NoInfer<A>>>,
  ): PoolResult<R>;
  starmap<A extends unknown[], R>(
    fn: MixedFunction<A, R>,
    argLists: Items<Readonly<NoInfer<A>>>,
    options?: MapOptions<Readonly<NoInfer<A>>>,
  ): PoolResult<Awaited<R>>;
  starmap<R>(fn: AnyFunction<R>, argLists: unknown, options?: MapOptions): PoolResult<R> {
    return this.#map('starmap', fn, argLists, readArguments, options);
  }

  #map<R>(
    method: string,
    fn: AnyFunction<R>,
    items: unknown,
    toArguments: (item: unknown) => readonly unknown[],
    options: MapOptions | undefined,
  ): PoolResult<R> {
    this.refuseIfClosed();
    const read = options === undefined ? {} : readCallOptions(method, options);
    const progress = readProgressOptions(method, read.progress ?? false);
    const sorted = read.weight && sortByWeight(method, items, read.weight);
    for (const item of sorted?.items ?? []) toArguments(item);
    const job = options === undefined ? this.#getJob(fn) : this.#getJob(fn, read);
    const watched = progress?.processes ? this.watched : undefined;
    const result = this.#backend.map<R>({ job, items, toArguments, onProgress: read.onProgress, ...sorted });
    // Without an end: the signal of a map that has ended has no effect.
    const signal = this.#expire(fn, read)?.signal ?? read.signal;
    if (signal !== undefined) result.cancelWith(signal);
    if (progress !== undefined) showProgress(progress, fn.name, sorted?.items ?? items, result, watched);
    return result;
  }

  /** Takes no further work, and finishes the work that it has. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    this.#backend.close();
  }

  /**
   * Ends the pool at once: pending calls reject with `PoolTerminatedError`, and the signals of running tasks abort. A process that
   * has not ended after five seconds, or is in a busy loop, gets SIGKILL.
   */
  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#backend.terminate();
  }

  /**
   * Waits until all work is done, and all processes have ended or all connections are closed.
   *
   * From now on consumers do not set the pace: maps and streams run to their ends, and results that were not taken wait in
   * this process. Leave an endless one before, with `break` or `return()`.
   *
   * @throws (rejects) {@link InvalidStateError} before {@link close} or {@link terminate}.
   */
  async join(): Promise<void> {
    if (this.#state === 'open') throw new InvalidStateError('pool is still open');
    this.#backend.ignorePace();
    await holdUntil(this.#backend.ended);
  }

  /** Terminates and joins, as Python's aiomultiprocess does at the end of `async with`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate();
    await this.join();
  }

  /** Calls `listener` for each event of this name. */
  on<E extends keyof Events>(event: E, listener: Events[E]): this {
    this.#events.on(event as never, listener as never);
    this.#tracing.review();
    return this;
  }

  /** Calls `listener` for the next event of this name only. */
  once<E extends keyof Events>(event: E, listener: Events[E]): this {
    this.#events.once(event as never, listener as never);
    this.#tracing.review();
    return this;
  }

  /** Removes a listener. */
  off<E extends keyof Events>(event: E, listener: Events[E]): this {
    this.#events.off(event as never, listener as never);
    this.#tracing.review();
    return this;
  }

  /**
   * Opens a page that shows this pool and all others of the program, live, or returns the one that is open.
   *
   * It does not keep a finished program alive.
   *
   * @example
   * ```ts
   * const dashboard = await pool.dashboard({ port: 7070 });
   * console.log(dashboard.address); // http://127.0.0.1:7070/
   * ```
   *
   * @throws (rejects) TypeError for an unknown or invalid option; {@link InvalidStateError} if it is open with other options;
   * the error of the system if it cannot listen on the port.
   */
  async dashboard(options: DashboardOptions = {}): Promise<Dashboard> {
    const { openDashboard } = await import('../dashboard.js');
    return openDashboard(options);
  }

  /**
   * @internal
   * Opens it for the option `dashboard`. A program must not fail because its dashboard cannot be opened.
   */
  protected openDashboard(asked: boolean | DashboardOptions): void {
    if (asked === false) return;
    this.dashboard(asked === true ? {} : asked).catch((error: Error) => {
      process.emitWarning(`cannot open the dashboard: ${error.message}`);
    });
  }

  /** @internal The pool as one that has processes to show. */
  protected get watched(): WatchedPool {
    throw new TypeError('option "progress": option "processes": this pool has no processes of its own');
  }

  /** @internal */
  protected createJob(method: string, fn: AnyFunction, args: unknown, asked?: AskedOptions): Job {
    this.refuseIfClosed();
    checkArguments(method, args);
    return this.#getJob(fn, asked);
  }

  /**
   * @throws TypeError if `fn` is not a function.
   * @throws {@link TaskNotFoundError} if it is certain that another process cannot find it.
   */
  #getJob(fn: AnyFunction, asked?: AskedOptions): Job {
    const caller = this.#tracing.wantsCallers ? this.#tracing.describeCaller() : undefined;
    const isShared = asked === undefined && caller === undefined;
    const known = isShared ? this.#jobs.get(fn) : undefined;
    if (known !== undefined) return known;
    const { timeout, retries, priority, asViews } = this.#limits;
    const job = {
      fn,
      address: addressLater(fn),
      timeout: asked?.timeout ?? timeout,
      retries: asked?.retries ?? retries,
      priority: asked?.priority ?? priority,
      asViews: asked?.sharedMemory?.views ?? asViews,
      caller,
    };
    if (isShared) this.#jobs.set(fn, job);
    return job;
  }

  #expire(fn: AnyFunction, { expires = this.#expires, signal }: ApplyOptions | MapOptions): Expiry | undefined {
    return expires === 0 ? undefined : new Expiry(fn.name || 'a task', expires, signal);
  }

  /** @internal */
  protected refuseIfClosed(): void {
    if (this.#state !== 'open') throw new PoolClosedError();
  }
}

function checkArguments(method: string, args: unknown): void {
  if (!Array.isArray(args))
    throw new TypeError(`${method}: expected an array of arguments, got ${describeValue(args)}`);
}

function readArguments(args: unknown): readonly unknown[] {
  checkArguments('starmap', args);
  return args as readonly unknown[];
}
