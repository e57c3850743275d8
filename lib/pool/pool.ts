import { EventEmitter } from 'eventemitter3';
import { refuseOutsideOfTask } from '../child/current-task.js';
import { type InitializerError, InvalidStateError, PoolClosedError, PoolTerminatedError } from '../errors.js';
import { hold, release } from '../keep-alive.js';
import type { TaskFunction } from '../tasks/address.js';
import { Call } from './call.js';
import { Dispatcher } from './dispatcher.js';
import { createExitError, type Ending } from './ending.js';
import { callHandler } from './exception-handler.js';
import { Ledger } from './ledger.js';
import { type PoolOptions, type ReadPoolOptions, readCallOptions, readPoolOptions } from './options.js';
import { PoolMap } from './pool-map.js';
import type { PoolResult } from './pool-result.js';
import type { PoolWorker } from './pool-worker.js';
import { type PoolStats, readStats } from './stats.js';
import { Supervisor } from './supervisor.js';
import { targetOf } from './target.js';
import type { AnyFunction, Task } from './task.js';
import type { ApplyOptions, Arguments, MapOptions, PoolEvents } from './types.js';

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
  readonly #options: ReadPoolOptions;
  readonly #events = new EventEmitter<PoolEvents>();
  readonly #ledger: Ledger;
  readonly #dispatcher: Dispatcher;
  readonly #supervisor: Supervisor;
  readonly #maps = new Set<PoolMap<unknown>>();
  readonly #ended = createDeferred();
  #state: 'open' | 'closed' | 'terminated' = 'open';
  #lastId = 0;

  /**
   * @throws TypeError or RangeError for an unknown or wrong option.
   * @throws {@link TaskNotFoundError} if no child can find an initializer.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: PoolOptions = {}) {
    refuseOutsideOfTask('a Pool');
    this.#options = readPoolOptions(options);
    this.#ledger = new Ledger(this.#options, this.#events, () => this.#drainIfDone());
    this.#dispatcher = new Dispatcher(this.#options, {
      onFailure: (task, error) => this.#ledger.fail(task, error),
      onDropped: () => this.#ledger.drop(),
      onExhausted: (worker) => this.#supervisor.replace(worker),
    });
    this.#supervisor = new Supervisor(this.#options, this.#dispatcher.queueIds, {
      onStart: (worker) => this.#dispatcher.addWorker(worker),
      onReady: () => this.#dispatcher.dispatch(),
      onRoom: () => this.#dispatcher.dispatch(),
      onResult: (task, value) => this.#ledger.succeed(task, value),
      onFailure: (task, error, worker) => this.#onFailure(task, error, worker),
      onEnd: (worker, ending) => this.#onEnd(worker, ending),
      onGivenUp: (error) => this.#onGivenUp(error),
      onEmpty: () => this.#ended.resolve(),
    });
    this.#supervisor.start();
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
   * {@link ProcessExitError}, {@link InitializerError}, {@link PoolClosedError}, {@link PoolTerminatedError}.
   */
  apply<A extends unknown[], R>(fn: TaskFunction<A, R>, ...rest: Arguments<A>): Promise<R>;
  apply<R>(fn: AnyFunction<R>, args: readonly unknown[] = [], options?: ApplyOptions): Promise<R> {
    try {
      this.#refuseIfClosed();
      checkArguments('apply', args);
      const target = targetOf(fn);
      const { onProgress } = readCallOptions('apply', options) ?? {};
      this.#supervisor.revive();
      return Call.start(this.#nextId(), target, args, onProgress, this.#enqueue);
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
    const target = targetOf(fn);
    this.#supervisor.revive();
    const calls = this.#supervisor.current.map((worker) =>
      Call.start<R>(this.#nextId(), target, args, undefined, (call) => worker.pin(call)),
    );
    return Promise.all(calls);
  }

  /**
   * Waits until every process has initialised.
   *
   * @throws (rejects) {@link InitializerError}, {@link PoolTerminatedError}
   */
  async ready(): Promise<void> {
    hold();
    try {
      await this.#supervisor.ready();
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
    const error = new PoolTerminatedError();
    for (const map of this.#maps) map.result.cancel(error);
    for (const task of this.#dispatcher.takeAll()) this.#ledger.fail(task, error);
    for (const worker of this.#supervisor.workers) {
      for (const task of worker.takeTasks()) this.#ledger.fail(task, error, worker);
    }
    this.#supervisor.terminate();
  }

  /**
   * Waits until all work is done and all processes have ended.
   *
   * @throws (rejects) {@link InvalidStateError} before {@link close} or {@link terminate}.
   */
  async join(): Promise<void> {
    if (this.#state === 'open') throw new InvalidStateError('pool is still open');
    // Nobody may be there to take the results that set the pace of a map: do the work all the same.
    for (const map of this.#maps) map.result.takeAnyNumber();
    this.#dispatcher.schedule();
    hold();
    try {
      await this.#ended.promise;
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
    const { done, failed } = this.#ledger;
    return readStats(this.#supervisor.workers, { queued: this.#dispatcher.queued, done, failed });
  }

  on<E extends keyof PoolEvents>(event: E, listener: PoolEvents[E]): this {
    this.#events.on(event, listener as never);
    return this;
  }

  once<E extends keyof PoolEvents>(event: E, listener: PoolEvents[E]): this {
    this.#events.once(event, listener as never);
    return this;
  }

  off<E extends keyof PoolEvents>(event: E, listener: PoolEvents[E]): this {
    this.#events.off(event, listener as never);
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
    const { onProgress } = readCallOptions(method, options) ?? {};
    const slots = this.#options.processes * this.#options.childConcurrency;
    const order = { target: targetOf(fn), items, toArguments, slots, onProgress };
    const map: PoolMap<R> = new PoolMap<R>(order, {
      nextId: () => this.#nextId(),
      onRoom: () => this.#dispatcher.schedule(),
      onInputEnd: () => {
        this.#dispatcher.removeMap(map);
        this.#maps.delete(map);
        this.#ledger.drop();
      },
    });
    this.#ledger.open();
    this.#maps.add(map);
    this.#supervisor.revive();
    this.#dispatcher.addMap(map);
    map.checkEnd();
    return map.result;
  }

  #nextId(): number {
    this.#ledger.open();
    return ++this.#lastId;
  }

  readonly #enqueue = (task: Task): void => {
    this.#dispatcher.enqueue(task);
    this.#dispatcher.schedule();
  };

  #refuseIfClosed(): void {
    if (this.#state !== 'open') throw new PoolClosedError();
  }

  #drainIfDone(): void {
    if (this.#state === 'closed' && this.#ledger.isSettled) this.#supervisor.drain();
  }

  #onFailure(task: Task, error: unknown, worker: PoolWorker): void {
    const { exceptionHandler } = this.#options;
    if (exceptionHandler !== undefined && !worker.handlesErrors) void callHandler(exceptionHandler, error);
    this.#ledger.fail(task, error, worker);
  }

  #onEnd(worker: PoolWorker, ending: Ending): void {
    this.#dispatcher.removeWorker(worker);
    for (const task of ending.begun) {
      this.#ledger.fail(task, createExitError(this.#options.name, worker.pid, ending), worker);
    }
    this.#dispatcher.putBack(worker, ending.untouched);
    this.#dispatcher.schedule();
  }

  #onGivenUp(error: InitializerError): void {
    for (const map of this.#maps) map.result.cancel(error);
    for (const task of this.#dispatcher.takeAll()) this.#ledger.fail(task, error);
  }
}

function createDeferred(): { promise: Promise<void>; resolve(): void } {
  let resolve!: () => void;
  const promise = new Promise<void>((onResolve) => {
    resolve = onResolve;
  });
  return { promise, resolve };
}

function checkArguments(method: string, args: unknown): void {
  if (!Array.isArray(args)) throw new TypeError(`${method}: expected an array of arguments, got ${typeof args}`);
}

function readArguments(args: unknown): readonly unknown[] {
  checkArguments('starmap', args);
  return args as readonly unknown[];
}
