import type { Channel } from '../ipc/channel.js';
import type { CurrentTask } from '../process/child-state.js';
import { PROGRESS, type ToChild, type ToParent } from '../protocol/messages.js';
import type { RunInContext } from './boot.js';

/** What a caller and its running task tell each other: cancellation, progress, the attempt, the caller's context. */
export class TaskControls {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #onReport: () => void;
  readonly #ownKeys: KeySource;
  /** For the tasks whose keys do not follow from their ids here. */
  readonly #keys = new Map<number, KeySource>();
  /** The attempts of tasks that are retried. */
  readonly #attempts = new Map<number, number>();
  readonly #cancelled = new Set<number>();
  readonly #controllers = new Map<number, AbortController>();
  /** The process ends: every signal is aborted. */
  #isOver = false;
  #onQuiet = (): void => {};
  /** The values that were captured from the contexts of callers. */
  readonly #contexts = new Map<number, unknown>();

  /**
   * @param pool - what keys start with.
   * @param onReport - a report was posted and should be flushed.
   */
  constructor(channel: Channel<ToChild, ToParent>, pool: string, onReport: () => void) {
    this.#channel = channel;
    this.#ownKeys = { pool, offset: 0 };
    this.#onReport = onReport;
  }

  /** What the keys of the tasks follow from that come next; `undefined` if from their ids alone. */
  readKeys(pool: string, offset: number): KeySource | undefined {
    return offset === 0 && pool === this.#ownKeys.pool ? undefined : { pool, offset };
  }

  setKeys(firstId: number, count: number, keys: KeySource): void {
    for (let id = firstId; id < firstId + count; id++) this.#keys.set(id, keys);
  }

  setAttempt(id: number, attempt: number): void {
    this.#attempts.set(id, attempt);
  }

  /** Aborts the signal of a running task, also if the task asks for it later. A task that has not started never will. */
  cancel(id: number): void {
    this.#cancelled.add(id);
    this.#controllers.get(id)?.abort(createReason());
  }

  isCancelled(id: number): boolean {
    return this.#cancelled.size > 0 && this.#cancelled.has(id);
  }

  /** Aborts all signals. @returns when the tasks that have asked for theirs have ended. */
  abortAll(): Promise<void> {
    this.#isOver = true;
    for (const controller of this.#controllers.values()) controller.abort(createReason());
    if (this.#controllers.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onQuiet = resolve;
    });
  }

  setContext(id: number, context: unknown): void {
    this.#contexts.set(id, context);
  }

  /** The function as it runs in the context of its caller. */
  bind<R extends (...args: readonly unknown[]) => unknown>(id: number, fn: R, run: RunInContext | undefined): R {
    if (run === undefined || this.#contexts.size === 0 || !this.#contexts.has(id)) return fn;
    const context = this.#contexts.get(id);
    return ((...args) => run(context, () => fn(...args))) as R;
  }

  /** The value of `currentTask()` in a task that starts now. */
  describe(id: number): RunningTask {
    return new RunningTask(id, this.#attempts.get(id) ?? 1, this.#keys.get(id) ?? this.#ownKeys, this);
  }

  report(id: number, progress: unknown): void {
    this.#channel.post([PROGRESS, id, progress]);
    this.#onReport();
  }

  onSignal(id: number, controller: AbortController): void {
    this.#controllers.set(id, controller);
    if (this.#isOver || this.isCancelled(id)) controller.abort(createReason());
  }

  /** The task has ended. */
  forget(id: number): void {
    if (this.#controllers.size > 0 && this.#controllers.delete(id) && this.#controllers.size === 0) this.#onQuiet();
    if (this.#cancelled.size > 0) this.#cancelled.delete(id);
    if (this.#keys.size > 0) this.#keys.delete(id);
    if (this.#attempts.size > 0) this.#attempts.delete(id);
    if (this.#contexts.size > 0) this.#contexts.delete(id);
  }
}

function createReason(): DOMException {
  return new DOMException('the caller of this task no longer waits for its result', 'AbortError');
}

/** What the keys of tasks follow from: the pool that created them, and what to add to their ids here. */
export interface KeySource {
  pool: string;
  offset: number;
}

/** The value of `currentTask()` inside a task. */
export class RunningTask implements CurrentTask {
  readonly id: number;
  readonly attempt: number;
  readonly #keys: KeySource;
  readonly #controls: TaskControls;
  #controller: AbortController | undefined;

  constructor(id: number, attempt: number, keys: KeySource, controls: TaskControls) {
    this.id = id;
    this.attempt = attempt;
    this.#keys = keys;
    this.#controls = controls;
  }

  get key(): string {
    return `${this.#keys.pool}-${this.id + this.#keys.offset}`;
  }

  /** Created on demand: most tasks never ask for it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#controls.onSignal(this.id, this.#controller);
    }
    return this.#controller.signal;
  }

  report(progress: unknown): void {
    this.#controls.report(this.id, progress);
  }
}
