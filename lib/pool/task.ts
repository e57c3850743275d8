import type { Job } from './job.js';

/** One run of a function, from the moment it is asked for until it is answered. There are many: it is small. */
export abstract class Task {
  /** Unique in the pool. */
  readonly id: number;
  readonly job: Job;
  readonly args: readonly unknown[];
  /** Whoever waited has an answer, even if the task still runs somewhere. */
  isSettled = false;

  constructor(id: number, job: Job, args: readonly unknown[]) {
    this.id = id;
    this.job = job;
    this.args = args;
  }

  /** What its caller can cancel it by: a signal, or a map. */
  abstract readonly group: object | undefined;
  abstract succeed(value: unknown): void;
  abstract fail(error: unknown): void;
  /** Takes what the running task gives to `currentTask().report()`. */
  abstract report(progress: unknown): void;
}

/** Another run of a task that failed; its outcome goes to the caller of the first. */
export class Attempt extends Task {
  readonly #first: Task;

  constructor(id: number, task: Task) {
    super(id, task.job, task.args);
    this.#first = task instanceof Attempt ? task.#first : task;
  }

  get group(): object | undefined {
    return this.#first.group;
  }

  succeed(value: unknown): void {
    this.#first.succeed(value);
  }

  fail(error: unknown): void {
    this.#first.fail(error);
  }

  report(progress: unknown): void {
    this.#first.report(progress);
  }
}
