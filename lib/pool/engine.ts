import type { EventEmitter } from 'eventemitter3';
import {
  type InitializerError,
  PoisonousTaskError,
  PoolTerminatedError,
  ProcessExitError,
  QueueFullError,
  TaskTimeoutError,
} from '../errors.js';
import type { PoolEvents } from '../observe/events.js';
import { Signals } from '../signals.js';
import { toPath } from '../tasks/messages.js';
import type { Backend } from './base-pool.js';
import { Call, type CallOptions } from './call.js';
import { callListener } from './call-listener.js';
import { chainCauses } from './chain-causes.js';
import { Dispatcher } from './dispatcher.js';
import { createExitError, type Ending } from './ending.js';
import { callHandler } from './exception-handler.js';
import type { Job } from './job.js';
import { Ledger } from './ledger.js';
import { Maps } from './maps.js';
import type { ReadPoolOptions } from './options.js';
import type { MapOrder } from './pool-map.js';
import type { PoolResult } from './pool-result.js';
import type { PoolWorker } from './pool-worker.js';
import { Retries } from './retries.js';
import { type PoolStats, readStats } from './stats.js';
import { END } from './stream-task.js';
import { Streams } from './streams.js';
import { Supervisor } from './supervisor.js';
import { Attempt, type Task } from './task.js';
import type { Watch } from './watch.js';

const all = () => true;

/** Brings the tasks of a pool to its processes, and what becomes of them back to their callers. */
export class Engine implements Backend {
  readonly #options: ReadPoolOptions;
  readonly #watch: Watch;
  readonly #ledger: Ledger;
  readonly #dispatcher: Dispatcher;
  readonly #supervisor: Supervisor;
  readonly #retries: Retries;
  readonly #signals: Signals<Promise<unknown>>;
  readonly #maps: Maps;
  readonly #streams: Streams;
  #lastId = 0;

  constructor(options: ReadPoolOptions, events: EventEmitter<PoolEvents>, watch: Watch) {
    this.#options = options;
    this.#watch = watch;
    this.#ledger = new Ledger(options.scheduler, events, watch);
    this.#retries = new Retries((task) => this.#enqueue(task));
    this.#signals = new Signals((signal) => this.#cancel(signal, signal.reason));
    this.#dispatcher = new Dispatcher(options, watch, {
      attemptOf: (task) => this.#retries.attemptOf(task),
      onFailure: (task, error) => this.#ledger.fail(task, error),
      onExhausted: (worker) => this.#supervisor.replace(worker),
      onLoad: (tasks) => this.#supervisor.grow(tasks),
      onDrain: () => callListener(() => events.emit('drain')),
    });
    this.#streams = new Streams(this.#ledger);
    this.#maps = new Maps(this.#ledger, this.#dispatcher, {
      nextId: () => this.#nextId(),
      onRoom: () => this.#dispatcher.schedule(),
      onCancel: (map, reason) => this.#cancel(map, reason),
    });
    this.#supervisor = new Supervisor(options, this.#dispatcher.queueIds, watch, {
      onStart: (worker) => this.#dispatcher.addWorker(worker),
      onReady: () => this.#dispatcher.dispatch(),
      onRoom: () => this.#dispatcher.dispatch(),
      onResult: (task, value) => this.#ledger.succeed(task, value),
      onFailure: (task, error, worker) => this.#onFailure(task, error, worker),
      onTimeout: (task, worker) => this.#onTimeout(task, worker),
      onOverdue: (task, worker) => this.#onOverdue(task, worker),
      onEnd: (worker, ending) => this.#onEnd(worker, ending),
      onStranded: (task, error) => this.#ledger.fail(task, error),
      onGivenUp: (error) => this.#onGivenUp(error),
    });
    this.#supervisor.start();
    void this.ended.then(() => this.#maps.reportFailures());
  }

  get ended(): Promise<void> {
    return this.#supervisor.ended;
  }

  get isSettled(): boolean {
    return this.#ledger.isSettled;
  }

  /** @throws {@link QueueFullError} */
  apply<R>(job: Job, args: readonly unknown[], options: CallOptions | undefined): Promise<R> {
    if (this.#dispatcher.isFull && this.#options.onFull === 'reject') {
      throw new QueueFullError(
        `${this.#options.maxQueueSize} tasks are waiting, as many as maxQueueSize allows; ` +
          `wait for "drain", or use onFull: 'wait'`,
      );
    }
    const promise = Call.start<R>(this.#nextId(), job, args, options, this.#enqueue);
    if (options?.signal !== undefined) this.#signals.watchPromise(options.signal, promise);
    return promise;
  }

  map<R>(order: Omit<MapOrder, 'slots'>): PoolResult<R> {
    const { processes, childConcurrency } = this.#options;
    this.#supervisor.revive();
    return this.#maps.start({ ...order, slots: processes * childConcurrency });
  }

  /** Starts with the first item that is asked for. */
  async *stream<Y>(
    job: Job,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Y, void, undefined> {
    signal?.throwIfAborted();
    const task = this.#streams.start(this.#nextId(), job, args);
    const cancel = () => this.#cancel(task, signal?.reason);
    signal?.addEventListener('abort', cancel, { once: true });
    this.#enqueue(task);
    try {
      for (;;) {
        const item = await task.take();
        if (item === END) return;
        yield item as Y;
      }
    } finally {
      signal?.removeEventListener('abort', cancel);
      if (!task.isSettled) cancel();
    }
  }

  broadcast<R>(job: Job, args: readonly unknown[]): Promise<R>[] {
    this.#supervisor.revive();
    return this.#supervisor.wanted.map((place) =>
      Call.start<R>(this.#nextId(), job, args, undefined, (call) => {
        this.#watch.tasks?.onQueued(call);
        place.pin(call);
      }),
    );
  }

  /** Tells every process whether to measure its tasks. */
  measure(): void {
    for (const worker of this.#supervisor.workers) worker.measure();
  }

  ready(): Promise<void> {
    return this.#supervisor.ready();
  }

  close(): void {
    this.#ledger.onceSettled(() => this.#supervisor.drain());
  }

  ignorePace(): void {
    this.#maps.ignorePace();
    this.#streams.ignorePace();
    this.#dispatcher.schedule();
  }

  terminate(): void {
    const error = new PoolTerminatedError();
    this.#maps.cancel(error);
    for (const task of this.#takeBack(all)) this.#ledger.fail(task, error);
    this.#supervisor.terminate();
  }

  stats(): PoolStats {
    const { done, failed } = this.#ledger;
    return readStats(this.#supervisor.workers, { name: this.#options.name, queued: this.queued, done, failed });
  }

  /** How many tasks wait for a free slot. */
  get queued(): number {
    return this.#dispatcher.queued;
  }

  #nextId(): number {
    this.#ledger.open();
    return ++this.#lastId;
  }

  readonly #enqueue = (task: Task): void => {
    this.#supervisor.revive();
    this.#dispatcher.enqueue(task);
    this.#dispatcher.schedule();
  };

  #cancel(group: object, reason: unknown): void {
    for (const task of this.#takeBack((task) => task.group === group)) this.#ledger.cancel(task, reason);
  }

  /** Takes tasks away from wherever they are. */
  #takeBack(isWanted: (task: Task) => boolean): Task[] {
    const waiting = [...this.#dispatcher.remove(isWanted), ...this.#retries.remove(isWanted)];
    return [...waiting, ...this.#supervisor.abandon(isWanted)];
  }

  #onFailure(task: Task, error: unknown, worker: PoolWorker): void {
    const { exceptionHandler } = this.#options;
    if (exceptionHandler !== undefined && !worker.handlesErrors) void callHandler(exceptionHandler, error);
    this.#fail(task, error, worker);
  }

  #onTimeout(task: Task, worker: PoolWorker): void {
    worker.abandon((sent) => sent === task);
    this.#fail(task, new TaskTimeoutError(nameOf(task), task.job.timeout, worker.pid), worker);
  }

  #onOverdue(task: Task, worker: PoolWorker): void {
    const { address } = task.job;
    const module = address.kind === 'inline' ? 'its source' : toPath(address.module);
    this.#fail(task, new TaskTimeoutError(nameOf(task), this.#options.startTimeout, worker.pid, module), worker);
  }

  #onEnd(worker: PoolWorker, ending: Ending): void {
    this.#dispatcher.removeWorker(worker);
    for (const task of ending.begun) {
      this.#fail(task, createExitError(this.#options.name, worker.pid, ending), worker);
    }
    this.#dispatcher.putBack(worker, ending.untouched);
    this.#dispatcher.schedule();
  }

  /** Runs it again if its call allows. */
  #fail(task: Task, error: unknown, worker: PoolWorker): void {
    if (this.#retries.allows(task, error)) {
      task.isSettled = true;
      const next = new Attempt(++this.#lastId, task);
      this.#retries.replace(task, error, next);
      this.#watch.tasks?.onRetried(task, error, next);
      return;
    }
    const errors = [...this.#retries.errorsOf(task), describePoison(task, error, this.#retries.errorsOf(task))];
    this.#ledger.fail(task, chainCauses(errors), worker);
  }

  #onGivenUp(error: InitializerError): void {
    this.#maps.cancel(error);
    for (const task of this.#dispatcher.remove(all)) this.#ledger.fail(task, error);
  }
}

/** The error of a task that was run several times, and ended its process each time, says so. */
function describePoison(task: Task, error: unknown, earlier: readonly unknown[]): unknown {
  if (earlier.length === 0 || !(error instanceof ProcessExitError)) return error;
  if (!earlier.every((each) => each instanceof ProcessExitError)) return error;
  return new PoisonousTaskError(nameOf(task), earlier.length + 1, error, { cause: error.cause });
}

function nameOf(task: Task): string {
  return task.job.fn.name || 'a task';
}
