import { AsyncResource } from 'node:async_hooks';
import { type TaskTrace, taskChannel } from '../observe/channels.js';
import type { EndedInfo, StartedInfo, TaskInfo } from '../observe/events.js';
import type { PoolWorker } from './pool-worker.js';
import type { Task } from './task.js';

/** Who wants to know of a task, and what its process should have of its caller's context. */
interface Origin {
  /** Where listeners run; `undefined`: nobody listened when the call was made. */
  readonly scope: AsyncResource | undefined;
  readonly context: unknown;
  readonly trace: TaskTrace | undefined;
}

/** One task that is watched, and when what happened to it. */
export class WatchedTask {
  readonly info: TaskInfo;
  readonly #origin: Origin;
  #queuedAt = performance.now();
  #sent: { time: number; worker: PoolWorker } | undefined;
  #run: { startTime: number; runTime: number } | undefined;

  private constructor(info: TaskInfo, origin: Origin) {
    this.info = info;
    this.#origin = origin;
  }

  /** @param capture - takes what its process should have of the context of the caller. */
  static create(pool: string, { id, args, job }: Task, capture: (() => unknown) | undefined): WatchedTask {
    const info = { id, task: job.fn.name, args, attempt: 1 };
    const { scope, context } = job.caller ?? {};
    const traced = scope !== undefined && taskChannel.hasSubscribers;
    return new WatchedTask(
      info,
      traced ? startTrace({ pool, ...info }, scope, capture) : { scope, context, trace: undefined },
    );
  }

  /** The next run of a task that has failed. */
  follow({ id, args }: Task): WatchedTask {
    const { task, attempt } = this.info;
    const { trace } = this.#origin;
    if (trace !== undefined) trace.attempt = attempt + 1;
    return new WatchedTask({ id, task, args, attempt: attempt + 1 }, this.#origin);
  }

  get context(): unknown {
    return this.#origin.context;
  }

  /** Calls a listener where it sees the context of the caller. */
  tell(listener: () => void): void {
    const { scope } = this.#origin;
    if (scope === undefined) listener();
    else scope.runInAsyncScope(listener);
  }

  onQueued(): void {
    this.#queuedAt = performance.now();
  }

  onSent(worker: PoolWorker): void {
    this.#sent = { time: performance.now(), worker };
    this.#run = undefined;
    const { trace } = this.#origin;
    if (trace !== undefined) trace.pid = worker.pid;
  }

  /** Its process says when it began and how long it took. */
  onMeasured(startTime: number, runTime: number): void {
    if (this.#sent !== undefined) this.#run = { startTime: Math.max(startTime, this.#sent.time), runTime };
  }

  describeStart(): StartedInfo | undefined {
    if (this.#sent === undefined) return undefined;
    const { worker, time } = this.#sent;
    return { ...this.info, pid: worker.pid, place: worker.place, waitTime: time - this.#queuedAt };
  }

  /** A task that was never sent has no more than its {@link info}. */
  describeEnd(): EndedInfo | undefined {
    const start = this.describeStart();
    if (start === undefined || this.#sent === undefined) return undefined;
    // A process that died, or runs a task that was given up, has said nothing.
    const run = this.#run ?? { startTime: this.#sent.time, runTime: performance.now() - this.#sent.time };
    return { ...start, waitTime: run.startTime - this.#queuedAt, ...run };
  }

  /** It is answered. */
  endTrace(outcome: { result: unknown } | { error: unknown }): void {
    const { scope, trace } = this.#origin;
    if (trace === undefined || scope === undefined) return;
    Object.assign(trace, outcome);
    scope.runInAsyncScope(() => {
      if ('error' in outcome) taskChannel.error.publish(trace);
      taskChannel.asyncStart.runStores(trace, () => taskChannel.asyncEnd.publish(trace));
    });
  }
}

/** The part of a traced task that is synchronous. Stores that are bound to its start hold for all that follows. */
function startTrace(trace: TaskTrace, scope: AsyncResource, capture: (() => unknown) | undefined): Origin {
  return scope.runInAsyncScope(() =>
    taskChannel.start.runStores(trace, () => {
      const origin = { scope: new AsyncResource('aiomultiprocess.task'), context: capture?.(), trace };
      taskChannel.end.publish(trace);
      return origin;
    }),
  );
}
