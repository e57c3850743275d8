import { hold, release } from '../keep-alive.js';
import type { PoolEmitter } from '../observe/events.js';
import { callListener } from './call-listener.js';
import type { PoolWorker } from './pool-worker.js';
import type { Scheduler } from './scheduler.js';
import type { Task } from './task.js';
import type { Watch } from './watch.js';

/** Knows how much a pool was asked for and what became of it. While anything is open and goes on, the program stays alive. */
export class Ledger {
  /** Tasks that succeeded and failed. */
  done = 0;
  failed = 0;
  /** Tasks and maps that are not answered, and those of them that do not wait for their consumer. */
  #open = 0;
  #active = 0;
  readonly #onComplete: (taskId: number) => void;
  readonly #events: PoolEmitter;
  readonly #watch: Watch;
  #onSettled: (() => void) | undefined;

  constructor(scheduler: Scheduler, events: PoolEmitter, watch: Watch) {
    this.#onComplete = (taskId) => scheduler.completeTask(taskId);
    this.#events = events;
    this.#watch = watch;
  }

  get isSettled(): boolean {
    return this.#open === 0;
  }

  /** Nothing more will be asked for: calls back as soon as everything is answered. */
  onceSettled(callback: () => void): void {
    if (this.isSettled) callback();
    else this.#onSettled = callback;
  }

  /** A task or a map was asked for. */
  open(): void {
    this.#open++;
    this.resume();
  }

  /** Something that is open waits for its consumer. */
  pause(): void {
    if (--this.#active === 0) release();
  }

  /** It goes on. */
  resume(): void {
    if (this.#active++ === 0) hold();
  }

  succeed(task: Task, value: unknown): void {
    this.done++;
    task.isSettled = true;
    task.succeed(value);
    this.#complete(task);
    this.#watch.tasks?.onSucceeded(task, value);
  }

  /** @param worker - the process that it was sent to. */
  fail(task: Task, error: unknown, worker?: PoolWorker): void {
    this.failed++;
    task.isSettled = true;
    task.fail(error);
    this.#emitError(task, error, worker);
    this.#complete(task);
    this.#watch.tasks?.onFailed(task, error);
  }

  /** Its caller does not want it any more. */
  cancel(task: Task, reason: unknown): void {
    task.isSettled = true;
    task.fail(reason);
    this.#complete(task);
    this.#watch.tasks?.onCancelled(task, reason);
  }

  #emitError({ id, job }: Task, error: unknown, worker: PoolWorker | undefined): void {
    const emit = () => this.#events.emit('taskError', error, { task: job.fn.name, id, pid: worker?.pid });
    const { scope } = job.caller ?? {};
    callListener(scope === undefined ? emit : () => scope.runInAsyncScope(emit));
  }

  #complete(task: Task): void {
    callListener(this.#onComplete, task.id);
    this.close();
  }

  /** A map has no more items. */
  close(): void {
    this.pause();
    if (--this.#open === 0) this.#onSettled?.();
  }
}
