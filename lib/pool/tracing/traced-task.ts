import { AsyncResource } from 'node:async_hooks';
import { type TaskTrace, taskChannel } from '../../observe/diagnostics-channels.js';
import type { EndedInfo, ProcessInfo, StartedInfo, TaskInfo } from '../../observe/events.js';
import { performance } from '../../util/clock.js';
import type { Task } from '../task/task.js';

/** The process that a task was sent to. */
export type TaskLocation = Readonly<ProcessInfo>;

/** In place of a point in time that is not known yet. */
const NEVER = -1;

/** One attempt of a traced task, and when it was queued, sent and run. There may be many: it is small, and fast to describe. */
export class TracedTask {
  /** The value of its caller's context that the task should have in its process. */
  readonly context: unknown;
  readonly trace: TaskTrace | undefined;
  /** Whether it belongs to the sample, or is one of those that the sample's listener sees because they take long. */
  isSampled = false;
  isFollowed = false;
  readonly #task: Task;
  /** The task gets another id with each attempt. */
  readonly #id: number;
  readonly #attempt: number;
  /** Where listeners run; `undefined`: there was no listener when the call was made. */
  readonly #scope: AsyncResource | undefined;
  #queuedAt = performance.now();
  #sentAt = NEVER;
  #location: TaskLocation | undefined;
  /** As measured by its process. */
  #startTime = NEVER;
  #runTime = 0;

  private constructor(
    task: Task,
    id: number,
    attempt: number,
    scope: AsyncResource | undefined,
    context: unknown,
    trace: TaskTrace | undefined,
  ) {
    this.#task = task;
    this.#id = id;
    this.#attempt = attempt;
    this.#scope = scope;
    this.context = context;
    this.trace = trace;
  }

  /** @param capture - takes from the context of the caller the value that the task should have. */
  static create(pool: string, task: Task, capture: (() => unknown) | undefined): TracedTask {
    const { caller } = task.job;
    if (caller !== undefined && taskChannel.hasSubscribers) {
      return TracedTask.#createWithTrace(pool, task, caller.scope, capture);
    }
    return new TracedTask(task, task.id, 1, caller?.scope, caller?.context, undefined);
  }

  /** The synchronous part of a task's trace. Stores that are bound to its start hold for all that follows. */
  static #createWithTrace(
    pool: string,
    task: Task,
    scope: AsyncResource,
    capture: (() => unknown) | undefined,
  ): TracedTask {
    const { id, job, args } = task;
    const trace: TaskTrace = { pool, id, task: job.fn.name, args, attempt: 1 };
    return scope.runInAsyncScope(() =>
      taskChannel.start.runStores(trace, () => {
        const inner = new AsyncResource('aiomultiprocess.task');
        const traced = new TracedTask(task, id, 1, inner, capture?.(), trace);
        taskChannel.end.publish(trace);
        return traced;
      }),
    );
  }

  /** The next attempt. */
  createNext(id: number): TracedTask {
    const attempt = this.#attempt + 1;
    if (this.trace !== undefined) this.trace.attempt = attempt;
    const next = new TracedTask(this.#task, id, attempt, this.#scope, this.context, this.trace);
    next.isSampled = this.isSampled;
    return next;
  }

  /** Calls a listener in the context of the caller. */
  runInScope(listener: () => void): void {
    if (this.#scope === undefined) listener();
    else this.#scope.runInAsyncScope(listener);
  }

  onQueued(): void {
    this.#queuedAt = performance.now();
  }

  onSent(location: TaskLocation, now = performance.now()): void {
    this.#sentAt = now;
    this.#location = location;
    this.#startTime = NEVER;
    if (this.trace !== undefined) this.trace.pid = location.pid;
  }

  /** Its process has measured when it began and how long it took. */
  onMeasured(startTime: number, runTime: number): void {
    this.#startTime = Math.max(startTime, this.#sentAt);
    this.#runTime = runTime;
  }

  describe(): TaskInfo {
    const { job, args } = this.#task;
    return { id: this.#id, task: job.fn.name, args, attempt: this.#attempt };
  }

  describeStart(location: TaskLocation): StartedInfo {
    return this.#describeSent(location, this.#sentAt);
  }

  /** Written out: on Node.js 20 a spread object costs 20 to 60 times as much. */
  #describeSent({ pid, place }: TaskLocation, waitedUntil: number): StartedInfo {
    const { job, args } = this.#task;
    return {
      id: this.#id,
      task: job.fn.name,
      args,
      attempt: this.#attempt,
      pid,
      place,
      waitTime: waitedUntil - this.#queuedAt,
    };
  }

  /** A task that was never sent has no more than {@link describe} tells. */
  describeEnd(): EndedInfo | TaskInfo {
    if (this.#location === undefined) return this.describe();
    // A process that died, or still runs a cancelled task, has reported no times.
    const isMeasured = this.#startTime !== NEVER;
    const startTime = isMeasured ? this.#startTime : this.#sentAt;
    const info = this.#describeSent(this.#location, startTime) as EndedInfo;
    info.startTime = startTime;
    info.runTime = isMeasured ? this.#runTime : performance.now() - startTime;
    return info;
  }

  /** It is settled. */
  endTrace(outcome: { result: unknown } | { error: unknown }): void {
    const { trace } = this;
    if (trace === undefined) return;
    Object.assign(trace, outcome);
    this.runInScope(() => {
      if ('error' in outcome) taskChannel.error.publish(trace);
      taskChannel.asyncStart.runStores(trace, () => taskChannel.asyncEnd.publish(trace));
    });
  }
}
