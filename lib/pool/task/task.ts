import type { IBackoff } from 'cockatiel';
import type { Job } from './job.js';

/** The earlier attempts of a task: their errors, and the backoff that the next pause follows from. */
export interface RetryHistory {
  readonly errors: readonly unknown[];
  readonly backoff: IBackoff<unknown>;
}

/** One call of a function, from the moment it is asked for until it is settled. There are many: it is small. */
export abstract class Task {
  /** Unique in the pool. A retry gives the task a new one: the child of the earlier attempt may still answer that. */
  id: number;
  readonly job: Job;
  readonly args: readonly unknown[];
  /** The earlier attempts; `undefined` before the first retry. */
  history: RetryHistory | undefined = undefined;

  constructor(id: number, job: Job, args: readonly unknown[]) {
    this.id = id;
    this.job = job;
    this.args = args;
  }

  /** 1 for the first attempt. */
  get attempt(): number {
    return this.history === undefined ? 1 : this.history.errors.length + 1;
  }

  /** The name of the function, for messages. */
  get name(): string {
    return this.job.fn.name || 'a task';
  }

  /** What its caller can cancel it by: a signal, a map, or itself. */
  abstract readonly group: object | undefined;
  abstract succeed(value: unknown): void;
  abstract fail(error: unknown): void;
  /** Receives the values that the running task passes to `currentTask().report()`. */
  abstract report(progress: unknown): void;
}
