import { ProtocolError } from '../../errors.js';
import type { Job } from '../task/job.js';

interface WarmUp {
  readonly job: Job;
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/** The functions that a child was asked to import before a task needs them, by their numbers. */
export class WarmUps {
  readonly #pending = new Map<number, WarmUp>();

  /** The function, if its import is not answered. */
  find(id: number): Job | undefined {
    return this.#pending.get(id)?.job;
  }

  /** Settles when the child has answered, or rejects when it cannot. */
  wait(id: number, job: Job): Promise<void> {
    const warmUp = this.#pending.get(id) ?? create(job);
    this.#pending.set(id, warmUp);
    return warmUp.promise;
  }

  /**
   * The child has answered.
   *
   * @throws {@link ProtocolError} if it was not asked.
   */
  settle(id: number, error: unknown): void {
    const warmUp = this.#pending.get(id);
    if (warmUp === undefined) {
      throw new ProtocolError(
        `child reported the import of function ${String(id)}: expected one that it was asked for`,
      );
    }
    this.#pending.delete(id);
    if (error === undefined) warmUp.resolve();
    else warmUp.reject(error);
  }

  /** The answer is not waited for. It may still come. */
  reject(id: number, error: unknown): void {
    this.#pending.get(id)?.reject(error);
  }

  rejectAll(error: unknown): void {
    for (const warmUp of this.#pending.values()) warmUp.reject(error);
    this.#pending.clear();
  }
}

function create(job: Job): WarmUp {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { job, promise, resolve, reject };
}
