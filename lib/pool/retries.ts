import type { IBackoff } from 'cockatiel';
import { SerializationError, TaskNotFoundError } from '../errors.js';
import type { Task } from './task.js';

/** The first pause before a task is run again, and the longest, in milliseconds. They grow, and vary at random. */
const FIRST_PAUSE = 50;
const MAX_PAUSE = 10_000;

/** The errors of a task's earlier runs, and the pause before the next. */
interface History {
  readonly errors: readonly unknown[];
  readonly backoff: IBackoff<unknown> | undefined;
}

/** Runs tasks again that failed, as often as their call allows, after pauses that grow. */
export class Retries {
  readonly #histories = new Map<Task, History>();
  /** Tasks whose pause is not over. */
  readonly #waiting = new Map<Task, NodeJS.Timeout | undefined>();
  readonly #start: (task: Task) => void;

  /** @param start - takes a task whose pause is over. */
  constructor(start: (task: Task) => void) {
    this.#start = start;
  }

  /** 1 for the first run of a task. */
  attemptOf(task: Task): number {
    return this.#histories.size === 0 ? 1 : this.errorsOf(task).length + 1;
  }

  /** What the earlier runs of a task have failed with. */
  errorsOf(task: Task): readonly unknown[] {
    return this.#histories.get(task)?.errors ?? [];
  }

  /** Whether a task that has failed so may run again. What cannot travel or be found never will. */
  allows(task: Task, error: unknown): boolean {
    if (task.job.retries === 0 || error instanceof SerializationError || error instanceof TaskNotFoundError)
      return false;
    return this.attemptOf(task) <= task.job.retries;
  }

  /** Starts `next` after a pause, in place of `task`. */
  async replace(task: Task, error: unknown, next: Task): Promise<void> {
    const { errors, backoff } = this.#histories.get(task) ?? { errors: [], backoff: undefined };
    this.forget(task);
    this.#waiting.set(next, undefined);
    const pause = backoff === undefined ? await createBackoff() : backoff.next(undefined);
    // It may have been cancelled meanwhile.
    if (!this.#waiting.has(next)) return;
    this.#histories.set(next, { errors: [...errors, error], backoff: pause });
    const start = () => {
      this.#waiting.delete(next);
      this.#start(next);
    };
    this.#waiting.set(next, setTimeout(start, pause.duration).unref());
  }

  /** A task was answered. */
  forget(task: Task): void {
    if (this.#histories.size > 0) this.#histories.delete(task);
  }

  /** Gives up those of the waiting tasks that `isWanted` names. */
  remove(isWanted: (task: Task) => boolean): Task[] {
    const removed = [...this.#waiting.keys()].filter(isWanted);
    for (const task of removed) {
      clearTimeout(this.#waiting.get(task));
      this.#waiting.delete(task);
      this.forget(task);
    }
    return removed;
  }
}

/** Loaded when a task fails that may run again: most programs never need it. */
async function createBackoff(): Promise<IBackoff<unknown>> {
  const { ExponentialBackoff } = await import('cockatiel');
  return new ExponentialBackoff({ initialDelay: FIRST_PAUSE, maxDelay: MAX_PAUSE }).next();
}
