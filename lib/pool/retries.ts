import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { SerializationError, TaskNotFoundError } from '../errors.js';
import { clearTimeout, setTimeout } from '../util/clock.js';
import type { Task } from './task.js';

/** The first pause before a task is run again, and the longest, in milliseconds. They grow, and vary at random. */
const FIRST_PAUSE = 50;
const MAX_PAUSE = 10_000;

const BACKOFF = new ExponentialBackoff({ initialDelay: FIRST_PAUSE, maxDelay: MAX_PAUSE });

/** The errors of a task's earlier runs, and the pause before the next. */
interface History {
  readonly errors: readonly unknown[];
  readonly backoff: IBackoff<unknown>;
}

/** Runs tasks again that failed, as often as their call allows, after pauses that grow. */
export class Retries {
  readonly #histories = new WeakMap<Task, History>();
  /** Tasks whose pause is not over. */
  readonly #waiting = new Map<Task, NodeJS.Timeout>();
  readonly #start: (task: Task) => void;

  /** @param start - takes a task whose pause is over. */
  constructor(start: (task: Task) => void) {
    this.#start = start;
  }

  /** 1 for the first run of a task. */
  attemptOf(task: Task): number {
    return task.job.retries === 0 ? 1 : this.errorsOf(task).length + 1;
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
  replace(task: Task, error: unknown, next: Task): void {
    const earlier = this.#histories.get(task);
    const backoff = earlier?.backoff.next(undefined) ?? BACKOFF.next();
    this.#histories.set(next, { errors: [...(earlier?.errors ?? []), error], backoff });
    const start = () => {
      this.#waiting.delete(next);
      this.#start(next);
    };
    this.#waiting.set(next, setTimeout(start, backoff.duration).unref());
  }

  /** Gives up those of the waiting tasks that `isWanted` names. */
  remove(isWanted: (task: Task) => boolean): Task[] {
    const removed = [...this.#waiting.keys()].filter(isWanted);
    for (const task of removed) {
      clearTimeout(this.#waiting.get(task));
      this.#waiting.delete(task);
    }
    return removed;
  }
}
