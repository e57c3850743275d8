import type { Channel } from '../ipc/channel.js';
import { PROGRESS, type ToChild, type ToParent } from '../ipc/messages.js';
import type { RunInContext } from './boot.js';
import { RunningTask } from './running-task.js';

/** What the caller of a task can do to it, and it can tell its caller, while it runs. */
export class Controls {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #onReport: () => void;
  /** The attempts of tasks that are no first ones. */
  readonly #attempts = new Map<number, number>();
  readonly #cancelled = new Set<number>();
  readonly #controllers = new Map<number, AbortController>();
  /** The process ends: every signal is aborted. */
  #isOver = false;
  #onQuiet = (): void => {};
  /** What came of the contexts of callers. */
  readonly #contexts = new Map<number, unknown>();

  /** @param onReport - a report was posted and should be flushed. */
  constructor(channel: Channel<ToChild, ToParent>, onReport: () => void) {
    this.#channel = channel;
    this.#onReport = onReport;
  }

  setAttempt(id: number, attempt: number): void {
    this.#attempts.set(id, attempt);
  }

  /** Aborts the signal of a running task, also if it asks for it only later. One that has not started never will. */
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

  /** What `currentTask()` is in a task that starts now. */
  describe(id: number): RunningTask {
    return new RunningTask(id, this.#attempts.get(id) ?? 1, this);
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
    if (this.#attempts.size > 0) this.#attempts.delete(id);
    if (this.#contexts.size > 0) this.#contexts.delete(id);
  }
}

function createReason(): DOMException {
  return new DOMException('nobody waits for the result of this task any more', 'AbortError');
}
