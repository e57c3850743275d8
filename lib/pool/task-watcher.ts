import type { EventEmitter } from 'eventemitter3';
import { fromMachineTime } from '../machine-clock.js';
import type { PoolEvents, TaskEvents } from '../observe/events.js';
import { callListener } from './call-listener.js';
import type { PoolWorker } from './pool-worker.js';
import type { Task } from './task.js';
import { WatchedTask } from './watched-task.js';

/** Tells the listeners of a pool what happens to its tasks. Of those that were queued before it was there it says nothing. */
export class TaskWatcher {
  readonly #pool: string;
  readonly #events: EventEmitter<PoolEvents>;
  readonly #capture: (() => unknown) | undefined;
  /** Those that are not answered, by their ids. */
  readonly #watched = new Map<number, WatchedTask>();

  constructor(pool: string, events: EventEmitter<PoolEvents>, capture: (() => unknown) | undefined) {
    this.#pool = pool;
    this.#events = events;
    this.#capture = capture;
  }

  onQueued(task: Task): void {
    // A later run of a task that has failed is known already.
    const watched = this.#watched.get(task.id) ?? WatchedTask.create(this.#pool, task, this.#capture);
    this.#watched.set(task.id, watched);
    watched.onQueued();
    this.#tell(watched, 'taskQueued', watched.info);
  }

  /** What the process of a task should have of its caller's context. */
  contextOf(task: Task): unknown {
    return this.#watched.get(task.id)?.context;
  }

  onSent(task: Task, worker: PoolWorker): void {
    const watched = this.#watched.get(task.id);
    watched?.onSent(worker);
    const info = watched?.describeStart();
    if (watched !== undefined && info !== undefined) this.#tell(watched, 'taskStarted', info);
  }

  /** @param start - by the clock of the machine. */
  onMeasured(task: Task, start: number, runTime: number): void {
    this.#watched.get(task.id)?.onMeasured(fromMachineTime(start), runTime);
  }

  onSucceeded(task: Task, result: unknown): void {
    const watched = this.#take(task);
    const info = watched?.describeEnd();
    if (watched === undefined || info === undefined) return;
    this.#tell(watched, 'taskSucceeded', info);
    watched.endTrace({ result });
  }

  onFailed(task: Task, error: unknown): void {
    const watched = this.#take(task);
    if (watched === undefined) return;
    this.#tell(watched, 'taskFailed', { ...(watched.describeEnd() ?? watched.info), error });
    watched.endTrace({ error });
  }

  /** @param next - the task that will be run instead. */
  onRetried(task: Task, error: unknown, next: Task): void {
    const watched = this.#take(task);
    if (watched === undefined) return;
    this.#watched.set(next.id, watched.follow(next));
    this.#tell(watched, 'taskRetried', { ...(watched.describeEnd() ?? watched.info), error, nextId: next.id });
  }

  onCancelled(task: Task, reason: unknown): void {
    const watched = this.#take(task);
    if (watched === undefined) return;
    this.#tell(watched, 'taskCancelled', { ...(watched.describeEnd() ?? watched.info), reason });
    watched.endTrace({ error: reason });
  }

  #take(task: Task): WatchedTask | undefined {
    const watched = this.#watched.get(task.id);
    this.#watched.delete(task.id);
    return watched;
  }

  #tell<E extends keyof TaskEvents>(watched: WatchedTask, event: E, info: Parameters<TaskEvents[E]>[0]): void {
    callListener(() => watched.tell(() => this.#events.emit(event, ...([info] as never))));
  }
}
