import type { EndedInfo, PoolEmitter, TaskEvents } from '../../observe/events.js';
import type { TaskOutcome } from '../../observe/inspection.js';
import { callListener } from '../../util/call-listener.js';
import { fromMachineTime } from '../../util/machine-clock.js';
import type { Task } from '../task/task.js';
import type { Sample } from './sample.js';
import { type TaskLocation, TracedTask } from './traced-task.js';

const OUTCOMES: { readonly [Event in keyof TaskEvents]?: TaskOutcome } = {
  taskSucceeded: 'succeeded',
  taskFailed: 'failed',
  taskRetried: 'retried',
  taskCancelled: 'cancelled',
};

/** Emits the events of tasks. Tasks that were queued before it existed have none. */
export class TaskTracer {
  /** Whether every task is traced, and not only those of the sample. */
  isComplete = true;
  sample: Sample | undefined;
  readonly #pool: string;
  readonly #events: PoolEmitter;
  readonly #capture: (() => unknown) | undefined;
  /** Tasks that are not settled, by their ids. */
  readonly #traced = new Map<number, TracedTask>();

  constructor(pool: string, events: PoolEmitter, capture: (() => unknown) | undefined) {
    this.#pool = pool;
    this.#events = events;
    this.#capture = capture;
  }

  onQueued(task: Task): void {
    // A retried task is known already.
    const traced = this.#traced.get(task.id) ?? this.#create(task);
    if (traced === undefined) return;
    this.#traced.set(task.id, traced);
    traced.onQueued();
    this.#emit('taskQueued', traced, (task) => task.describe());
  }

  #create(task: Task): TracedTask | undefined {
    const isSampled = this.sample?.takes(task.id) ?? false;
    if (!isSampled && !this.isComplete) return undefined;
    const traced = TracedTask.create(this.#pool, task, this.#capture);
    traced.isSampled = isSampled;
    return traced;
  }

  /** Traces a task for the sample that was sent before and is not one of it: it takes long. */
  follow(task: Task, sentAt: number, location: TaskLocation): void {
    if (this.sample === undefined || this.#traced.has(task.id)) return;
    const traced = TracedTask.create(this.#pool, task, undefined);
    traced.isFollowed = true;
    traced.onSent(location, sentAt);
    this.#traced.set(task.id, traced);
  }

  /** The value of its caller's context that the task should have in its process. */
  contextOf(task: Task): unknown {
    return this.#traced.get(task.id)?.context;
  }

  onSent(task: Task, location: TaskLocation): void {
    const traced = this.#traced.get(task.id);
    if (traced === undefined) return;
    traced.onSent(location);
    this.#emit('taskStarted', traced, (task) => task.describeStart(location));
  }

  /** @param start - by the clock of the machine. */
  onMeasured(task: Task, start: number, runTime: number): void {
    this.#traced.get(task.id)?.onMeasured(fromMachineTime(start), runTime);
  }

  onSucceeded(task: Task, result: unknown): void {
    const traced = this.#take(task);
    if (traced === undefined) return;
    this.#emit('taskSucceeded', traced, (task) => task.describeEnd() as EndedInfo);
    if (traced.trace !== undefined) traced.endTrace({ result });
  }

  onFailed(task: Task, error: unknown): void {
    const traced = this.#take(task);
    if (traced === undefined) return;
    this.#emit('taskFailed', traced, (task) => Object.assign(task.describeEnd(), { error }));
    if (traced.trace !== undefined) traced.endTrace({ error });
  }

  /** @param nextId - the id that the task will have in its next attempt. */
  onRetried(task: Task, error: unknown, nextId: number): void {
    const traced = this.#take(task);
    if (traced === undefined) return;
    if (this.isComplete || traced.isSampled) this.#traced.set(nextId, traced.createNext(nextId));
    this.#emit('taskRetried', traced, (task) => Object.assign(task.describeEnd(), { error, nextId }));
  }

  onCancelled(task: Task, reason: unknown): void {
    const traced = this.#take(task);
    if (traced === undefined) return;
    this.#emit('taskCancelled', traced, (task) => Object.assign(task.describeEnd(), { reason }));
    if (traced.trace !== undefined) traced.endTrace({ error: reason });
  }

  #take(task: Task): TracedTask | undefined {
    const traced = this.#traced.get(task.id);
    if (traced !== undefined) this.#traced.delete(task.id);
    return traced;
  }

  /** Describes the task only if the event has a listener. */
  #emit<E extends keyof TaskEvents>(
    event: E,
    traced: TracedTask,
    describe: (traced: TracedTask) => Parameters<TaskEvents[E]>[0],
  ): void {
    const isHeard = this.#events.listenerCount(event) > 0;
    const isSampled = this.sample !== undefined && (traced.isSampled || traced.isFollowed);
    if (!isHeard && !isSampled) return;
    const info = describe(traced);
    if (isSampled) this.#tell(event, traced, info);
    if (!isHeard || traced.isFollowed) return;
    callListener(() => traced.runInScope(() => this.#events.emit(event, ...([info] as never))));
  }

  #tell(event: keyof TaskEvents, { isFollowed }: TracedTask, info: Parameters<TaskEvents[keyof TaskEvents]>[0]): void {
    const outcome = OUTCOMES[event];
    if (outcome === undefined || this.sample === undefined || !('runTime' in info)) return;
    for (const listener of this.sample.listeners) listener({ outcome, isFollowed, info: info as EndedInfo });
  }
}
