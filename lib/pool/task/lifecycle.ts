import type { PoolEmitter } from '../../observe/events.js';
import { AbortListeners } from '../../util/abort-listeners.js';
import { callListener } from '../../util/call-listener.js';
import { clearTimeout, setTimeout } from '../../util/clock.js';
import { hold, release } from '../../util/keep-alive.js';
import type { Scheduler } from '../queue/scheduler.js';
import type { Tracing } from '../tracing/tracing.js';
import { addAttempt, describeFailure, mayRetry } from './retries.js';
import type { Task } from './task.js';

/** Where the tasks of a pool are until they are settled. */
export interface TaskStore {
  /** Takes a task that should run, or run again. */
  enqueue(task: Task): void;
  /** Cancels all tasks for which `isWanted` holds, wherever they are, and returns them. */
  cancel(isWanted: (task: Task) => boolean): Task[];
}

/** A map or stream, whose consumer may be slower than its tasks. */
export interface Stallable {
  /** Whether it waits for its consumer. */
  isStalled: boolean;
}

const all = () => true;

/**
 * Settles, retries and cancels the tasks of a pool, and counts them. Local and distributed pools share it.
 *
 * While any work is open that does not wait for its consumer, the program stays alive.
 */
export class TaskLifecycle {
  /** Tasks that succeeded and failed, and attempts that were retried. */
  done = 0;
  failed = 0;
  retried = 0;
  /** Tasks, maps and streams that are not settled, and those of them that do not wait for their consumer. */
  #open = 0;
  #active = 0;
  #lastId = 0;
  #onSettled: (() => void) | undefined;
  /** Tasks whose pause before a retry is not over. */
  readonly #pausing = new Map<Task, NodeJS.Timeout>();
  readonly #signals = new AbortListeners<Promise<unknown>>((signal) => this.cancel(signal, signal.reason));
  readonly #store: TaskStore;
  readonly #completeTask: (taskId: number) => void;
  readonly #events: PoolEmitter;
  readonly #tracing: Tracing;

  constructor(store: TaskStore, scheduler: Scheduler, events: PoolEmitter, tracing: Tracing) {
    this.#store = store;
    this.#completeTask = (taskId) => scheduler.completeTask(taskId);
    this.#events = events;
    this.#tracing = tracing;
  }

  /** How many failed tasks wait for their next attempt. */
  get pausing(): number {
    return this.#pausing.size;
  }

  get isSettled(): boolean {
    return this.#open === 0;
  }

  /** The pool is closed: calls back as soon as everything is settled. */
  onceSettled(callback: () => void): void {
    if (this.isSettled) callback();
    else this.#onSettled = callback;
  }

  /** Opens a task. @returns its id. */
  openTask(): number {
    this.open();
    return ++this.#lastId;
  }

  /** A map was asked for. */
  open(): void {
    this.#open++;
    if (this.#active++ === 0) hold();
  }

  /** A task is settled, or a map has no more items. */
  close(): void {
    if (--this.#active === 0) release();
    if (--this.#open === 0) this.#onSettled?.();
  }

  /** Notes whether open work waits for its consumer. It must have stopped waiting when it is closed. */
  stall(work: Stallable, isStalled: boolean): void {
    if (isStalled === work.isStalled) return;
    work.isStalled = isStalled;
    if (isStalled) {
      if (--this.#active === 0) release();
    } else if (this.#active++ === 0) hold();
  }

  succeed(task: Task, value: unknown): void {
    this.done++;
    task.succeed(value);
    this.#complete(task);
    this.#tracing.tasks?.onSucceeded(task, value);
  }

  /**
   * An attempt has failed: retries the task if its call allows that, and rejects it otherwise.
   *
   * @param pid - the process that the task was sent to.
   */
  fail(task: Task, error: unknown, pid: number | undefined): void {
    if (mayRetry(task, error)) this.#retry(task, error);
    else this.reject(task, describeFailure(task, error), pid);
  }

  /** Settles a task with its final error. */
  reject(task: Task, error: unknown, pid?: number): void {
    this.failed++;
    task.fail(error);
    this.#emitError(task, error, pid);
    this.#complete(task);
    this.#tracing.tasks?.onFailed(task, error);
  }

  /** Cancels the tasks of a group (see {@link Task.group}): their caller gets the reason at once. */
  cancel(group: object, reason: unknown): void {
    this.settleCancelled(
      this.#cancel((task) => task.group === group),
      reason,
    );
  }

  /** Cancels the task with this id. Like {@link cancel} otherwise. @returns whether there was one. */
  cancelTask(id: number, reason: unknown): boolean {
    const cancelled = this.#cancel((task) => task.id === id);
    this.settleCancelled(cancelled, reason);
    return cancelled.length > 0;
  }

  /** Settles tasks that were cancelled and have left the {@link TaskStore}. */
  settleCancelled(tasks: readonly Task[], reason: unknown): void {
    for (const task of tasks) {
      task.fail(reason);
      this.#complete(task);
      this.#tracing.tasks?.onCancelled(task, reason);
    }
  }

  /** Cancels a call when its signal aborts before the promise is settled. */
  cancelWith(signal: AbortSignal, promise: Promise<unknown>): void {
    this.#signals.watchPromise(signal, promise);
  }

  /** Rejects all tasks. */
  rejectAll(error: unknown): void {
    for (const task of this.#cancel(all)) this.reject(task, error);
  }

  #cancel(isWanted: (task: Task) => boolean): Task[] {
    const pausing = [...this.#pausing.keys()].filter(isWanted);
    for (const task of pausing) {
      clearTimeout(this.#pausing.get(task));
      this.#pausing.delete(task);
      this.#tracing.tasks?.onQueued(task);
    }
    return [...pausing, ...this.#store.cancel(isWanted)];
  }

  #retry(task: Task, error: unknown): void {
    const nextId = ++this.#lastId;
    this.retried++;
    this.#tracing.tasks?.onRetried(task, error, nextId);
    const pause = addAttempt(task, error);
    task.id = nextId;
    const start = () => {
      this.#pausing.delete(task);
      this.#store.enqueue(task);
    };
    this.#pausing.set(task, setTimeout(start, pause).unref());
  }

  #emitError({ id, job, args, attempt }: Task, error: unknown, pid: number | undefined): void {
    const emit = () => this.#events.emit('taskError', error, { task: job.fn.name, id, pid, args, attempt });
    const { scope } = job.caller ?? {};
    callListener(scope === undefined ? emit : () => scope.runInAsyncScope(emit));
  }

  #complete(task: Task): void {
    callListener(this.#completeTask, task.id);
    this.close();
  }
}
