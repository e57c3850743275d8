import { type InitializerError, PoolTerminatedError, QueueFullError, TaskTimeoutError } from '../errors.js';
import { describeModule } from '../functions/describe-function.js';
import type { PoolEvents } from '../observe/events.js';
import { callListener } from '../util/call-listener.js';
import type { Emitter } from '../util/emitter.js';
import type { Backend } from './backend.js';
import { Inspection } from './inspection.js';
import { Maps } from './map/maps.js';
import type { MapOrder } from './map/pool-map.js';
import type { PoolResult } from './map/pool-result.js';
import type { ReadPoolOptions } from './options/pool-options.js';
import { Dispatcher } from './queue/dispatcher.js';
import { type PoolStats, readStats } from './stats.js';
import { END, StreamTask } from './stream/stream-task.js';
import { Supervisor } from './supervision/supervisor.js';
import { Call, type CallOptions } from './task/call.js';
import { callHandler } from './task/exception-handler.js';
import { createExitError } from './task/exit-error.js';
import type { Job } from './task/job.js';
import { TaskLifecycle } from './task/lifecycle.js';
import type { Task } from './task/task.js';
import type { Tracing } from './tracing/tracing.js';
import type { ChildEnd, ChildEvents, ChildHandle } from './worker/child-handle.js';

/** Runs the tasks of a pool in child processes of this program. It joins the dispatcher, the supervisor and the lifecycle of tasks. */
export class LocalBackend implements Backend {
  readonly #options: ReadPoolOptions;
  readonly #tracing: Tracing;
  readonly #events: Emitter<PoolEvents>;
  readonly #lifecycle: TaskLifecycle;
  readonly #dispatcher: Dispatcher;
  readonly #supervisor: Supervisor;
  readonly #maps: Maps;
  /** Why no further task begins, if {@link cancelUnstarted} was called. */
  #refusal: Error | undefined;
  #isClosed = false;
  /** Streams that were begun and whose generators have not ended. */
  readonly #streams = new Set<StreamTask>();

  constructor(options: ReadPoolOptions, events: Emitter<PoolEvents>, tracing: Tracing) {
    this.#options = options;
    this.#tracing = tracing;
    this.#events = events;
    this.#dispatcher = new Dispatcher(options, tracing, {
      onFailure: (task, error) => this.#lifecycle.reject(task, error),
      onExhausted: (child) => this.#supervisor.replace(child),
      onLoad: (tasks) => this.#supervisor.grow(tasks),
      onDrain: () => callListener(() => events.emit('drain')),
    });
    this.#lifecycle = new TaskLifecycle(
      {
        enqueue: this.#enqueue,
        cancel: (isWanted) => [...this.#dispatcher.cancel(isWanted), ...this.#supervisor.cancel(isWanted)],
      },
      options.scheduler,
      events,
      tracing,
    );
    this.#maps = new Maps(this.#lifecycle, {
      addMap: (map) => this.#dispatcher.addMap(map),
      removeMap: (map) => this.#dispatcher.removeMap(map),
      onItems: () => this.#dispatcher.schedule(),
    });
    const supervisorEvents = {
      onStart: (child: ChildHandle) => this.#dispatcher.addChild(child),
      onStranded: (task: Task, error: InitializerError) => this.#lifecycle.reject(task, error),
      onHopeless: (error: InitializerError) => this.#onHopeless(error),
    };
    const { queueIds } = this.#dispatcher;
    this.#supervisor = new Supervisor(options, queueIds, tracing, supervisorEvents, this.#createChildEvents());
    this.#supervisor.start();
    void this.ended.then(() => this.#maps.reportFailures());
  }

  #createChildEvents(): ChildEvents {
    return {
      listWarm: (child) => this.#supervisor.listWarm(child),
      onUnwarmable: (job, error) => this.#supervisor.onUnwarmable(job, error),
      onReady: (child) => {
        this.#supervisor.onReady(child);
        this.#dispatcher.dispatch();
      },
      onResult: (task, value) => this.#lifecycle.succeed(task, value),
      onFailure: (task, error, child) => this.#onFailure(task, error, child),
      onTimeout: (task, { pid }) => {
        this.#lifecycle.fail(task, new TaskTimeoutError(task.name, task.job.timeout, pid), pid);
      },
      onImportTimeout: (task, child) => this.#onImportTimeout(task, child),
      onReturned: (tasks, child) => this.#putBack(child, this.#supervisor.takeBack(child, tasks)),
      onRoom: (child) => {
        this.#supervisor.sendPinned(child);
        this.#dispatcher.dispatch();
      },
      onWorn: (child) => this.#supervisor.renew(child),
      onExhausted: (child) => this.#supervisor.replace(child),
      onIdle: (child) => this.#supervisor.retire(child),
      onEnd: (child, end) => this.#onEnd(child, end),
    };
  }

  get ended(): Promise<void> {
    return this.#supervisor.ended;
  }

  get isSettled(): boolean {
    return this.#lifecycle.isSettled;
  }

  /** @throws {@link QueueFullError} */
  apply<R>(job: Job, args: readonly unknown[], options: CallOptions | undefined): Promise<R> {
    if (this.#dispatcher.isFull && this.#options.onFull === 'reject') {
      throw new QueueFullError(
        `${this.#options.maxQueueSize} tasks are waiting, as many as maxQueueSize allows; ` +
          `wait for "drain", or use onFull: 'wait'`,
      );
    }
    const promise = Call.start<R>(this.#lifecycle.openTask(), job, args, options, this.#enqueue);
    if (options?.signal !== undefined) this.#lifecycle.cancelWith(options.signal, promise);
    return promise;
  }

  map<R>(order: Omit<MapOrder, 'slots' | 'maxWaitingBytes'>): PoolResult<R> {
    const { processes, childConcurrency, maxWaitingBytes } = this.#options;
    this.#supervisor.revive();
    return this.#maps.start({ ...order, slots: processes * childConcurrency, maxWaitingBytes });
  }

  /** Starts with the first item that is asked for. */
  async *stream<Y>(
    job: Job,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Y, void, undefined> {
    signal?.throwIfAborted();
    const task: StreamTask = new StreamTask(this.#lifecycle, job, args, () => this.#streams.delete(task));
    const cancel = () => this.#lifecycle.cancel(task, signal?.reason);
    this.#streams.add(task);
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
      if (!task.hasEnded) cancel();
    }
  }

  broadcast<R>(job: Job, args: readonly unknown[], signal: AbortSignal | undefined): Promise<R>[] {
    this.#supervisor.revive();
    return this.#supervisor.wanted.map((seat) => {
      const promise = Call.start<R>(this.#lifecycle.openTask(), job, args, { signal }, (call) => {
        this.#tracing.tasks?.onQueued(call);
        this.#supervisor.pin(seat, call);
      });
      if (signal !== undefined) this.#lifecycle.cancelWith(signal, promise);
      return promise;
    });
  }

  /** Tells every child whether to measure its tasks. */
  measure(): void {
    for (const child of this.#supervisor.children) child.measure();
  }

  ready(): Promise<void> {
    return this.#supervisor.ready();
  }

  warm(jobs: readonly Job[]): Promise<void> {
    return this.#supervisor.warm(jobs);
  }

  /** Sends no further task, and has the children return what they have not begun. */
  pause(): void {
    this.#dispatcher.pause();
    this.#supervisor.pause();
  }

  resume(): void {
    this.#supervisor.resume();
    this.#dispatcher.resume();
  }

  close(): void {
    this.#isClosed = true;
    this.resume();
    this.#lifecycle.onceSettled(() => this.#supervisor.drain());
  }

  ignorePace(): void {
    this.#maps.ignorePace();
    for (const task of this.#streams) task.ignorePace();
    this.#dispatcher.schedule();
  }

  terminate(): void {
    this.#isClosed = true;
    const error = new PoolTerminatedError();
    this.#maps.cancelAll(error);
    this.#lifecycle.rejectAll(error);
    this.#supervisor.terminate();
  }

  /** Cancels the tasks that have not begun, and all later ones. */
  cancelUnstarted(reason: Error): void {
    this.#refusal = reason;
    this.pause();
    this.#cancelQueued(reason);
  }

  #cancelQueued(reason: Error): void {
    this.#lifecycle.settleCancelled(
      [...this.#dispatcher.cancel(() => true), ...this.#supervisor.cancelPinned()],
      reason,
    );
  }

  /** The view of a dashboard. */
  inspect(): Inspection {
    return new Inspection({
      options: this.#options,
      tracing: this.#tracing,
      events: this.#events,
      ended: this.ended,
      lifecycle: this.#lifecycle,
      supervisor: this.#supervisor,
      maps: this.#maps,
      streams: this.#streams,
      isClosed: () => this.#isClosed,
      stats: () => this.stats(),
      pause: () => this.pause(),
      resume: () => this.resume(),
    });
  }

  stats(): PoolStats {
    const { done, failed, retried } = this.#lifecycle;
    const { isPaused } = this.#dispatcher;
    const { name } = this.#options;
    return readStats(this.#supervisor.children, { name, isPaused, queued: this.queued, done, failed, retried });
  }

  /** How many tasks wait for a free slot or for their next attempt. */
  get queued(): number {
    return this.#dispatcher.queued + this.#lifecycle.pausing;
  }

  readonly #enqueue = (task: Task): void => {
    this.#supervisor.revive();
    this.#dispatcher.enqueue(task);
    this.#dispatcher.schedule();
    if (this.#refusal !== undefined) this.#cancelQueued(this.#refusal);
  };

  #putBack(child: ChildHandle, tasks: readonly Task[]): void {
    this.#dispatcher.putBack(child.queueId, tasks);
    if (this.#refusal !== undefined) this.#cancelQueued(this.#refusal);
  }

  #onFailure(task: Task, error: unknown, child: ChildHandle): void {
    const { exceptionHandler } = this.#options;
    if (exceptionHandler !== undefined && !child.handlesErrors) void callHandler(exceptionHandler, error);
    this.#lifecycle.fail(task, error, child.pid);
  }

  #onImportTimeout(task: Task, { pid }: ChildHandle): void {
    const { address } = task.job;
    const module = describeModule(address);
    this.#lifecycle.fail(task, new TaskTimeoutError(task.name, this.#options.startTimeout, pid, module), pid);
  }

  #onEnd(child: ChildHandle, end: ChildEnd): void {
    this.#dispatcher.removeChild(child);
    const unpinned = this.#supervisor.vacate(child, end.untouched);
    for (const task of end.begun) {
      this.#lifecycle.fail(task, createExitError(this.#options.name, child.pid, end.exit, end.cause), child.pid);
    }
    this.#putBack(child, unpinned);
    this.#dispatcher.schedule();
    this.#supervisor.refill(child, end);
  }

  #onHopeless(error: InitializerError): void {
    this.#maps.cancelAll(error);
    for (const task of this.#dispatcher.cancel(() => true)) this.#lifecycle.reject(task, error);
  }
}
