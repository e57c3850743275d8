import { AsyncResource } from 'node:async_hooks';
import { type TaskTrace, taskChannel } from '../observe/channels.js';
import type { EndedInfo, StartedInfo, TaskInfo } from '../observe/events.js';
import { performance } from '../util/clock.js';
import type { PoolWorker } from './pool-worker.js';
import type { Task } from './task.js';

/** What is not known yet, of points in time. */
const NEVER = -1;

/** One task that is watched, and when what happened to it. There may be many: it is small, and fast to describe. */
export class WatchedTask {
  /** What its process should have of its caller's context. */
  readonly context: unknown;
  readonly trace: TaskTrace | undefined;
  readonly #task: Task;
  readonly #attempt: number;
  /** Where listeners run; `undefined`: nobody listened when the call was made. */
  readonly #scope: AsyncResource | undefined;
  #queuedAt = performance.now();
  #sentAt = NEVER;
  #worker: PoolWorker | undefined;
  /** As its process says. */
  #startTime = NEVER;
  #runTime = 0;

  private constructor(
    task: Task,
    attempt: number,
    scope: AsyncResource | undefined,
    context: unknown,
    trace: TaskTrace | undefined,
  ) {
    this.#task = task;
    this.#attempt = attempt;
    this.#scope = scope;
    this.context = context;
    this.trace = trace;
  }

  /** @param capture - takes what its process should have of the context of the caller. */
  static create(pool: string, task: Task, capture: (() => unknown) | undefined): WatchedTask {
    const { caller } = task.job;
    if (caller !== undefined && taskChannel.hasSubscribers) {
      return WatchedTask.#createTraced(pool, task, caller.scope, capture);
    }
    return new WatchedTask(task, 1, caller?.scope, caller?.context, undefined);
  }

  /** The part of a traced task that is synchronous. Stores that are bound to its start hold for all that follows. */
  static #createTraced(
    pool: string,
    task: Task,
    scope: AsyncResource,
    capture: (() => unknown) | undefined,
  ): WatchedTask {
    const { id, job, args } = task;
    const trace: TaskTrace = { pool, id, task: job.fn.name, args, attempt: 1 };
    return scope.runInAsyncScope(() =>
      taskChannel.start.runStores(trace, () => {
        const inner = new AsyncResource('aiomultiprocess.task');
        const watched = new WatchedTask(task, 1, inner, capture?.(), trace);
        taskChannel.end.publish(trace);
        return watched;
      }),
    );
  }

  /** The next run of a task that has failed. */
  follow(next: Task): WatchedTask {
    const attempt = this.#attempt + 1;
    if (this.trace !== undefined) this.trace.attempt = attempt;
    return new WatchedTask(next, attempt, this.#scope, this.context, this.trace);
  }

  /** Calls a listener where it sees the context of the caller. */
  tell(listener: () => void): void {
    if (this.#scope === undefined) listener();
    else this.#scope.runInAsyncScope(listener);
  }

  onQueued(): void {
    this.#queuedAt = performance.now();
  }

  onSent(worker: PoolWorker): void {
    this.#sentAt = performance.now();
    this.#worker = worker;
    this.#startTime = NEVER;
    if (this.trace !== undefined) this.trace.pid = worker.pid;
  }

  /** Its process says when it began and how long it took. */
  onMeasured(startTime: number, runTime: number): void {
    this.#startTime = Math.max(startTime, this.#sentAt);
    this.#runTime = runTime;
  }

  describe(): TaskInfo {
    const { id, job, args } = this.#task;
    return { id, task: job.fn.name, args, attempt: this.#attempt };
  }

  describeStart(worker: PoolWorker): StartedInfo {
    const { id, job, args } = this.#task;
    const waitTime = this.#sentAt - this.#queuedAt;
    return { id, task: job.fn.name, args, attempt: this.#attempt, pid: worker.pid, place: worker.place, waitTime };
  }

  /** A task that was never sent has no more than {@link describe} says. */
  describeEnd(): EndedInfo | TaskInfo {
    if (this.#worker === undefined) return this.describe();
    const { id, job, args } = this.#task;
    const { pid, place } = this.#worker;
    // A process that died, or still runs a task that was given up, has said nothing.
    const isMeasured = this.#startTime !== NEVER;
    const startTime = isMeasured ? this.#startTime : this.#sentAt;
    const runTime = isMeasured ? this.#runTime : performance.now() - startTime;
    const waitTime = startTime - this.#queuedAt;
    return { id, task: job.fn.name, args, attempt: this.#attempt, pid, place, waitTime, startTime, runTime };
  }

  /** It is answered. */
  endTrace(outcome: { result: unknown } | { error: unknown }): void {
    const { trace } = this;
    if (trace === undefined) return;
    Object.assign(trace, outcome);
    this.tell(() => {
      if ('error' in outcome) taskChannel.error.publish(trace);
      taskChannel.asyncStart.runStores(trace, () => taskChannel.asyncEnd.publish(trace));
    });
  }
}
