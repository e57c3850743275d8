import { PoolTerminatedError } from '../../errors.js';
import { callListener } from '../../util/call-listener.js';
import { capturedResolve, captureResolve } from '../../util/capture-resolve.js';
import { raise } from '../../util/raise.js';
import type { Job } from './job.js';
import { Task, type TaskOrigin } from './task.js';

/** What the caller of {@link Call.start} wants beside the result. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  onProgress?: (progress: unknown) => void;
  origin?: TaskOrigin;
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
    if (options?.origin !== undefined) this.origin = options.origin;
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
    send(new Call(id, job, args, promise, capturedResolve(), options));
    return promise;
  }

  get group(): AbortSignal | undefined {
    return this.#options?.signal;
  }

  succeed(value: unknown): void {
    this.#resolve(value);
  }

  fail(error: unknown): void {
    // The end of its pool must not end a program that does not await the call.
    if (error instanceof PoolTerminatedError) tolerate(this.#promise);
    this.#resolve(raise(error));
  }

  report(progress: unknown): void {
    if (this.#options?.onProgress !== undefined) callListener(this.#options.onProgress, progress);
  }
}

/**
 * @returns the promise of a call that, if no one awaits it, may be rejected by the end of its pool: the program has ended the
 * pool itself, and does not end because of it. Other errors stay unhandled rejections.
 */
export function tolerateTermination<T>(call: Promise<T>): Promise<T> {
  const promise = call.then();
  call.catch((error) => {
    if (error instanceof PoolTerminatedError) tolerate(promise);
  });
  return promise;
}

/** The rejection of this promise counts as handled. */
function tolerate(promise: Promise<unknown>): void {
  promise.catch(() => {});
}
