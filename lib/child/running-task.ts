import type { CurrentTask } from './current-task.js';

/** What `currentTask()` gives inside a task. */
export class RunningTask implements CurrentTask {
  readonly attempt = 1;
  readonly id: number;
  readonly report: (progress: unknown) => void;
  #signal: AbortSignal | undefined;

  constructor(id: number, report: (progress: unknown) => void) {
    this.id = id;
    this.report = report;
  }

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }
}
