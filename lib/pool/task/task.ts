import type { Job } from './job.js';

/** The pause before a retry, and the one that follows from it. */
interface Backoff {
  /** In milliseconds. */
  readonly duration: number;
  next(context: unknown): Backoff;
}

/** The earlier attempts of a task: their errors, and the backoff that the next pause follows from. */
export interface RetryHistory {
  readonly errors: readonly unknown[];
  /** The id of the first attempt, by which the task is known outside of the pool. */
  readonly firstId: number;
  readonly backoff: Backoff;
}

/** Where a task comes from that was created elsewhere, or has run elsewhere before. */
export interface TaskOrigin {
  /** The pool that created it. */
  readonly pool: string;
  /** Its id there. */
  readonly id: number;
  /** How often it may have run before it came here. */
  readonly runs: number;
}

/** One call of a function, from the moment it is asked for until it is settled. There are many: it is small. */
export abstract class Task {
  /** Unique in the pool. A retry gives the task a new one: the child of the earlier attempt may still answer that. */
  id: number;
  readonly job: Job;
  readonly args: readonly unknown[];
  /** The earlier attempts; `undefined` before the first retry. */
  history: RetryHistory | undefined = undefined;
  origin: TaskOrigin | undefined = undefined;

  constructor(id: number, job: Job, args: readonly unknown[]) {
    this.id = id;
    this.job = job;
    this.args = args;
  }

  /** 1 for the first attempt of this pool. */
  get attempt(): number {
    return this.history === undefined ? 1 : this.history.errors.length + 1;
  }

  /** The number of the attempt, with those of other pools. */
  get totalAttempt(): number {
    return this.attempt + (this.origin?.runs ?? 0);
  }

  /** The number in its key: the same for all attempts. */
  get keyId(): number {
    return this.origin?.id ?? this.history?.firstId ?? this.id;
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
