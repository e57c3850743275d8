import { ProtocolError, TaskTimeoutError } from '../../errors.js';
import { describeModule } from '../../functions/describe-function.js';
import type { Job } from '../task/job.js';
import type { SentFunction } from './in-flight.js';

interface WarmUp {
  readonly job: Job;
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/** What {@link WarmUps} needs of the child. */
export interface WarmUpOwner {
  /** Tells the child of a function. @returns its number. */
  introduce(job: Job): number;
  /** Tells the child to import it. */
  ask(id: number): void;
  /** The import of this function ended a child that was starting, or took longer than it may. */
  onUnwarmable(job: Job, error: unknown): void;
}

/** The functions that a child was asked to import before a task needs them, by their numbers. */
export class WarmUps {
  /** The child is initialised, and imports functions before it is ready. It stays so if it ends meanwhile. */
  isStarting = false;
  readonly #owner: WarmUpOwner;
  readonly #pending = new Map<number, WarmUp>();

  constructor(owner: WarmUpOwner) {
    this.#owner = owner;
  }

  /**
   * Has the child import a function, unless it has.
   *
   * @throws (rejects) what the import throws; {@link TaskTimeoutError}; {@link ProcessExitError} if it ends before.
   */
  warm(job: Job): Promise<void> {
    const id = this.#owner.introduce(job);
    const asked = this.#pending.get(id);
    if (asked !== undefined) return asked.promise;
    const warmUp = create(job);
    this.#pending.set(id, warmUp);
    this.#owner.ask(id);
    return warmUp.promise;
  }

  /**
   * Has a child that starts import these functions. One that cannot be imported fails its own tasks.
   *
   * @param hasEnded - whether the child has ended.
   */
  async start(jobs: readonly Job[], hasEnded: () => boolean): Promise<void> {
    this.isStarting = true;
    for (const job of jobs) {
      try {
        await this.warm(job);
      } catch (error) {
        if (hasEnded()) this.#owner.onUnwarmable(job, error);
      }
      if (hasEnded()) return;
    }
    this.isStarting = false;
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

  /** The import of a function has taken this many milliseconds, as long as it may. Its answer may still come. */
  onTimeout({ id, address }: SentFunction, time: number, pid: number | undefined): void {
    const warmUp = this.#pending.get(id);
    if (warmUp === undefined) return;
    const { job } = warmUp;
    const error = new TaskTimeoutError(job.fn.name || 'a task', time, pid, describeModule(address));
    warmUp.reject(error);
    this.#owner.onUnwarmable(job, error);
  }

  /** The child has ended. */
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
