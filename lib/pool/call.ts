import { raise } from './raise.js';
import type { TaskSink } from './task.js';

/** One `apply`: the promise of a single task. */
export class Call<R> implements TaskSink {
  readonly cancelled = false;
  readonly onProgress: ((value: unknown) => void) | undefined;
  readonly promise: Promise<R>;
  #resolve!: (value: R | PromiseLike<R>) => void;

  constructor(onProgress: ((value: unknown) => void) | undefined) {
    this.onProgress = onProgress;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onResult(_index: number, value: unknown): void {
    this.#resolve(value as R);
  }

  onError(_index: number, error: unknown): void {
    this.#resolve(raise(error));
  }
}
