import { callListener } from './call-listener.js';
import { raise } from './raise.js';
import { type Target, Task } from './task.js';

let resolveLast: (value: unknown) => void;

/** One function for all promises: a closure for each would cost as much as the promise. */
function captureResolve(resolve: (value: unknown) => void): void {
  resolveLast = resolve;
}

/** One `apply`: a task that settles a promise of its own. */
export class Call extends Task {
  readonly #resolve: (value: unknown) => void;
  readonly #onProgress: ((progress: unknown) => void) | undefined;

  private constructor(
    id: number,
    target: Target,
    args: readonly unknown[],
    resolve: (value: unknown) => void,
    onProgress: ((progress: unknown) => void) | undefined,
  ) {
    super(id, target, args);
    this.#resolve = resolve;
    this.#onProgress = onProgress;
  }

  /** Hands the new call to `send`, and returns its promise: the call itself does not need it. */
  static start<R>(
    id: number,
    target: Target,
    args: readonly unknown[],
    onProgress: ((progress: unknown) => void) | undefined,
    send: (call: Call) => void,
  ): Promise<R> {
    const promise = new Promise<R>(captureResolve as never);
    send(new Call(id, target, args, resolveLast, onProgress));
    return promise;
  }

  get isCancelled(): boolean {
    return false;
  }

  succeed(value: unknown): void {
    this.#resolve(value);
  }

  fail(error: unknown): void {
    this.#resolve(raise(error));
  }

  report(progress: unknown): void {
    if (this.#onProgress !== undefined) callListener(this.#onProgress, progress, undefined);
  }
}
