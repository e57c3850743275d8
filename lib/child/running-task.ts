import type { CurrentTask } from './current-task.js';

/** What a {@link RunningTask} tells whoever runs it. */
interface RunningTaskOwner {
  report(id: number, progress: unknown): void;
  /** It has a signal now, which may have to be aborted. */
  onSignal(id: number, controller: AbortController): void;
}

/** What `currentTask()` gives inside a task. */
export class RunningTask implements CurrentTask {
  readonly id: number;
  readonly attempt: number;
  readonly #owner: RunningTaskOwner;
  #controller: AbortController | undefined;

  constructor(id: number, attempt: number, owner: RunningTaskOwner) {
    this.id = id;
    this.attempt = attempt;
    this.#owner = owner;
  }

  /** Most tasks never ask for it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#owner.onSignal(this.id, this.#controller);
    }
    return this.#controller.signal;
  }

  report(progress: unknown): void {
    this.#owner.report(this.id, progress);
  }
}
