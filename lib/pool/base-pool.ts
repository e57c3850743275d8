import { InvalidStateError, PoolClosedError } from '../errors.js';
import { hold, release } from '../keep-alive.js';
import { showProgress } from '../observe/progress/show.js';
import type { MixedFunction, TaskFunction } from '../tasks/address.js';
import type { CallOptions } from './call.js';
import { type AnyFunction, type Job, Jobs, type Limits } from './job.js';
import { readCallOptions, readProgressOptions } from './options.js';
import type { MapOrder } from './pool-map.js';
import type { PoolResult } from './pool-result.js';
import type { ApplyOptions, Arguments, Items, MapOptions } from './types.js';
import type { Watch } from './watch.js';

/** Where the tasks of a {@link BasePool} run. */
export interface Backend {
  /** Resolves when nothing is left of it, after {@link close} or {@link terminate}. */
  readonly ended: Promise<void>;
  apply<R>(job: Job, args: readonly unknown[], options: CallOptions | undefined): Promise<R>;
  map<R>(order: Omit<MapOrder, 'slots'>): PoolResult<R>;
  /** Nobody may be there to take the results that set the pace of a map or stream: does the work all the same. */
  ignorePace(): void;
  /** Nothing more will be asked for: ends when everything is answered. */
  close(): void;
  /** Gives up what is not answered, and ends. */
  terminate(): void;
}

/** Any emitter, whatever its events. */
interface Emitter {
  on(event: never, listener: never): unknown;
  once(event: never, listener: never): unknown;
  off(event: never, listener: never): unknown;
}

/** What all pools have in common, wherever their tasks run: they check calls, and know whether they are open. */
export abstract class BasePool<Events> {
  readonly #backend: Backend;
  readonly #jobs: Jobs;
  readonly #events: Emitter;
  readonly #watch: Watch;
  #state: 'open' | 'closed' | 'terminated' = 'open';

  /**
   * @internal
   * @param limits - those of calls that do not say.
   */
  protected constructor(backend: Backend, limits: Limits, events: Emitter, watch: Watch) {
    this.#backend = backend;
    this.#jobs = new Jobs(limits, watch);
    this.#events = events;
    this.#watch = watch;
  }

  /**
   * Runs `fn(...args)` in one of the processes.
   *
   * The arguments are read when the task is sent: leave them alone until it is answered.
   *
   * @throws (rejects) what `fn` throws; {@link TaskNotFoundError}, {@link SerializationError},
   * {@link ProcessExitError}, {@link InitializerError}, {@link TaskTimeoutError}, {@link QueueFullError},
   * {@link PoolClosedError}, {@link PoolTerminatedError}; the reason of its signal; of a distributed pool also
   * {@link HostLostError}, {@link QueueError}, {@link MissingPackageError}.
   */
  apply<A extends unknown[], R>(fn: TaskFunction<A, R>, ...rest: Arguments<A>): Promise<R>;
  apply<A extends unknown[], R>(fn: MixedFunction<A, R>, ...rest: Arguments<A>): Promise<Awaited<R>>;
  apply<R>(fn: AnyFunction<R>, args: readonly unknown[] = [], options?: ApplyOptions): Promise<R> {
    try {
      if (options === undefined) return this.#backend.apply(this.createJob('apply', fn, args), args, undefined);
      const read = readCallOptions('apply', options);
      const job = this.createJob('apply', fn, args, read);
      read.signal?.throwIfAborted();
      return this.#backend.apply(job, args, read);
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
  map<T, R>(fn: TaskFunction<[item: T], R>, items: Items<T>, options?: MapOptions): PoolResult<R>;
  map<T, R>(fn: MixedFunction<[item: T], R>, items: Items<T>, options?: MapOptions): PoolResult<Awaited<R>>;
  // A wrong call is explained by the last overload alone where there are more than three: by the item that is wrong,
  // for here only the function says what items it takes.
  map<T, R>(fn: TaskFunction<[item: T], R>, items: Items<NoInfer<T>>, options?: MapOptions): PoolResult<R>;
  map<T, R>(
    fn: MixedFunction<[item: T], R>,
    items: readonly NoInfer<T>[] | Items<NoInfer<T>>,
    options?: MapOptions,
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
    options?: MapOptions,
  ): PoolResult<R>;
  starmap<A extends unknown[], R>(
    fn: MixedFunction<A, R>,
    argLists: Items<Readonly<NoInfer<A>>>,
    options?: MapOptions,
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
    const job = options === undefined ? this.#jobs.get(fn) : this.#jobs.get(fn, read);
    const result = this.#backend.map<R>({ job, items, toArguments, onProgress: read.onProgress });
    if (read.signal !== undefined) result.cancelWith(read.signal);
    if (progress !== undefined) showProgress(progress, fn.name, items, result);
    return result;
  }

  /** Takes no more work; what was asked for is still done. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    this.#backend.close();
  }

  /**
   * Gives everything up: what is pending rejects with `PoolTerminatedError`. Processes get SIGTERM, and SIGKILL after five
   * seconds; what runs on the hosts of a distributed pool is aborted.
   */
  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#backend.terminate();
  }

  /**
   * Waits until all work is done, and all processes have ended or all connections are closed.
   *
   * From now on consumers set no pace: maps and streams go on to their ends, and what nobody has taken yet waits in
   * this process. One that has no end must be left before, by `break` or `return()`.
   *
   * @throws (rejects) {@link InvalidStateError} before {@link close} or {@link terminate}.
   */
  async join(): Promise<void> {
    if (this.#state === 'open') throw new InvalidStateError('pool is still open');
    this.#backend.ignorePace();
    hold();
    try {
      await this.#backend.ended;
    } finally {
      release();
    }
  }

  /** Terminates and joins, as the original does at the end of `async with`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate();
    await this.join();
  }

  on<E extends keyof Events>(event: E, listener: Events[E]): this {
    this.#events.on(event as never, listener as never);
    this.#watch.review();
    return this;
  }

  once<E extends keyof Events>(event: E, listener: Events[E]): this {
    this.#events.once(event as never, listener as never);
    this.#watch.review();
    return this;
  }

  off<E extends keyof Events>(event: E, listener: Events[E]): this {
    this.#events.off(event as never, listener as never);
    this.#watch.review();
    return this;
  }

  /** @internal */
  protected createJob(method: string, fn: AnyFunction, args: unknown, asked?: Partial<Limits>): Job {
    this.refuseIfClosed();
    checkArguments(method, args);
    return this.#jobs.get(fn, asked);
  }

  /** @internal */
  protected refuseIfClosed(): void {
    if (this.#state !== 'open') throw new PoolClosedError();
  }
}

function checkArguments(method: string, args: unknown): void {
  if (!Array.isArray(args)) throw new TypeError(`${method}: expected an array of arguments, got ${typeof args}`);
}

function readArguments(args: unknown): readonly unknown[] {
  checkArguments('starmap', args);
  return args as readonly unknown[];
}
