import { PoolTerminatedError } from '../errors.js';
import { raise } from '../raise.js';
import { callListener } from './call-listener.js';
import type { Job } from './job.js';
import { Task } from './task.js';

/** What the caller of {@link Call.start} wants beside the result. */
export interface CallOptions {
  signal?: AbortSignal;
  onProgress?: (progress: unknown) => void;
}

let resolveLast: (value: unknown) => void;

/** One function for all promises: a closure for each would cost as much as the promise. */
function captureResolve(resolve: (value: unknown) => void): void {
  resolveLast = resolve;
}

/** One `apply`: a task that settles a promise of its own. */
export class Call extends Task {
  readonly #promise: Promise<unknown>;
  readonly #resolve: (value: unknown) => void;
  readonly #options: CallOptions | undefined;

  private constructor(
    id: number,
    job: Job,
    args: readonly unknown[],
    promise: Promise<unknown>,
    resolve: (value: unknown) => void,
    options: CallOptions | undefined,
  ) {
    super(id, job, args);
    this.#promise = promise;
    this.#resolve = resolve;
    this.#options = options;
  }

  /** Hands the new call to `send`, and returns its promise. */
  static start<R>(
    id: number,
    job: Job,
    args: readonly unknown[],
    options: CallOptions | undefined,
    send: (call: Call) => void,
  ): Promise<R> {
    const promise = new Promise<R>(captureResolve as never);
    send(new Call(id, job, args, promise, resolveLast, options));
    return promise;
  }

  get group(): AbortSignal | undefined {
    return this.#options?.signal;
  }

  succeed(value: unknown): void {
    this.#resolve(value);
  }

  fail(error: unknown): void {
    if (error instanceof PoolTerminatedError) tolerate(this.#promise);
    this.#resolve(raise(error));
  }

  report(progress: unknown): void {
    if (this.#options?.onProgress !== undefined) callListener(this.#options.onProgress, progress);
  }
}

/** A call that only the end of its pool has ended is no reason for the program to end, if it does not wait for it. */
function tolerate(promise: Promise<unknown>): void {
  promise.catch(() => {});
}
