import { fromMachineTime } from '../machine-clock.js';
import type { EndedInfo, PoolEmitter, TaskEvents } from '../observe/events.js';
import { callListener } from './call-listener.js';
import type { PoolWorker } from './pool-worker.js';
import type { Task } from './task.js';
import { WatchedTask } from './watched-task.js';

/** Tells the listeners of a pool what happens to its tasks. Of those that were queued before it was there it says nothing. */
export class TaskWatcher {
  readonly #pool: string;
  readonly #events: PoolEmitter;
  readonly #capture: (() => unknown) | undefined;
  /** Those that are not answered, by their ids. */
  readonly #watched = new Map<number, WatchedTask>();

  constructor(pool: string, events: PoolEmitter, capture: (() => unknown) | undefined) {
    this.#pool = pool;
    this.#events = events;
    this.#capture = capture;
  }

  onQueued(task: Task): void {
    // A later run of a task that has failed is known already.
    const watched = this.#watched.get(task.id) ?? WatchedTask.create(this.#pool, task, this.#capture);
    this.#watched.set(task.id, watched);
    watched.onQueued();
    this.#tell('taskQueued', watched, (task) => task.describe());
  }

  /** What the process of a task should have of its caller's context. */
  contextOf(task: Task): unknown {
    return this.#watched.get(task.id)?.context;
  }

  onSent(task: Task, worker: PoolWorker): void {
    const watched = this.#watched.get(task.id);
    if (watched === undefined) return;
    watched.onSent(worker);
    this.#tell('taskStarted', watched, (task) => task.describeStart(worker));
  }

  /** @param start - by the clock of the machine. */
  onMeasured(task: Task, start: number, runTime: number): void {
    this.#watched.get(task.id)?.onMeasured(fromMachineTime(start), runTime);
  }

  onSucceeded(task: Task, result: unknown): void {
    const watched = this.#take(task);
    if (watched === undefined) return;
    this.#tell('taskSucceeded', watched, (task) => task.describeEnd() as EndedInfo);
    if (watched.trace !== undefined) watched.endTrace({ result });
  }

  onFailed(task: Task, error: unknown): void {
    const watched = this.#take(task);
    if (watched === undefined) return;
    this.#tell('taskFailed', watched, (task) => ({ ...task.describeEnd(), error }));
    if (watched.trace !== undefined) watched.endTrace({ error });
  }

  /** @param next - the task that will be run instead. */
  onRetried(task: Task, error: unknown, next: Task): void {
    const watched = this.#take(task);
    if (watched === undefined) return;
    this.#watched.set(next.id, watched.follow(next));
    const nextId = next.id;
    this.#tell('taskRetried', watched, (task) => ({ ...task.describeEnd(), error, nextId }));
  }

  onCancelled(task: Task, reason: unknown): void {
    const watched = this.#take(task);
    if (watched === undefined) return;
    this.#tell('taskCancelled', watched, (task) => ({ ...task.describeEnd(), reason }));
    if (watched.trace !== undefined) watched.endTrace({ error: reason });
  }

  #take(task: Task): WatchedTask | undefined {
    const watched = this.#watched.get(task.id);
    this.#watched.delete(task.id);
    return watched;
  }

  /** Describes the task only if somebody listens. */
  #tell<E extends keyof TaskEvents>(
    event: E,
    watched: WatchedTask,
    describe: (watched: WatchedTask) => Parameters<TaskEvents[E]>[0],
  ): void {
    if (this.#events.listenerCount(event) === 0) return;
    const info = describe(watched);
    callListener(() => watched.tell(() => this.#events.emit(event, ...([info] as never))));
  }
}
