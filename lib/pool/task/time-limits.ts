import { ProtocolError } from '../../errors.js';
import { Deadline } from '../../util/deadline.js';

/** What happens when a {@link TimeLimits} runs out. Tasks and functions are named by the ids that the child knows. */
export interface TimeLimitEvents {
  /** A task has run for as long as it may. */
  onTimeout(taskId: number): void;
  /** A cancelled task has not ended within its grace period. */
  onGraceEnd(taskId: number): void;
  /** The import of a function's module takes longer than it may. */
  onImportTimeout(functionId: number): void;
  /** The child has only tasks that it has not begun, and begins none for as long as a start may take. */
  onSilence(): void;
}

/** In milliseconds. */
export interface TimeLimitOptions {
  /** For the first import of a function's module, and for a child to begin anything; 0: no limit. */
  startTimeout: number;
  /** For a cancelled task to end. */
  cancelGracePeriod: number;
}

/**
 * Enforces the time limits of what one child has: its tasks, cancelled tasks, and imports.
 *
 * A limit counts from the moment at which the child says that the function is called, so the child's messages are
 * checked. Tasks without a limit cost nothing.
 */
export class TimeLimits {
  /** Tasks with a time limit of which the child has said that they began. */
  readonly #begun = new Set<number>();
  /** How many tasks with a time limit have not begun. */
  #waiting = 0;
  readonly #limits = new Map<number, Deadline>();
  readonly #graces = new Map<number, Deadline>();
  readonly #imports = new Map<number, Deadline>();
  /** Runs while no task can end: a limit that never begins to count must not keep callers waiting. */
  #silence: Deadline | undefined;
  #hasEnded = false;
  readonly #events: TimeLimitEvents;
  readonly #startTimeout: number;
  readonly #gracePeriod: number;

  constructor(events: TimeLimitEvents, { startTimeout, cancelGracePeriod }: TimeLimitOptions) {
    this.#events = events;
    this.#startTimeout = startTimeout;
    this.#gracePeriod = cancelGracePeriod;
  }

  /** Whether a cancelled task has not ended. The child may have to be killed, with all that it was sent. */
  get isEnding(): boolean {
    return this.#graces.size > 0;
  }

  /** Whether nothing is timed, so that an answer needs no {@link onAnswered}. */
  get areIdle(): boolean {
    return this.#waiting === 0 && this.#limits.size === 0 && this.#graces.size === 0 && this.#silence === undefined;
  }

  hasBegun(taskId: number): boolean {
    return this.#begun.has(taskId);
  }

  /** @param inFlight - how many tasks the child has. */
  onSent(isTimed: boolean, inFlight: number): void {
    if (isTimed) this.#waiting++;
    if (this.#waiting > 0) this.#reviewSilence(inFlight);
  }

  /**
   * The child calls the function of a task.
   *
   * @param limit - in milliseconds; 0: no limit, or unknown task.
   * @throws {@link ProtocolError} if the task has no limit, or has begun before.
   */
  onBegun(taskId: number, limit: number, isCancelled: boolean, inFlight: number): void {
    if (limit === 0 || this.#begun.has(taskId)) {
      throw new ProtocolError(
        `child sent an invalid begin of task ${taskId}: expected a task with a time limit that it has and has not begun`,
      );
    }
    this.#begun.add(taskId);
    this.#waiting--;
    if (this.#hasEnded) return;
    this.#reviewSilence(inFlight);
    // It was cancelled while the message was on its way.
    if (isCancelled) this.onCancelled(taskId);
    else this.#limits.set(taskId, new Deadline(limit, () => this.#events.onTimeout(taskId)));
  }

  /** A task that may have begun is cancelled. */
  onCancelled(taskId: number): void {
    this.clearLimit(taskId);
    this.#clear(this.#graces, taskId);
    if (this.#hasEnded) return;
    this.#graces.set(taskId, new Deadline(this.#gracePeriod, () => this.#events.onGraceEnd(taskId)));
  }

  clearLimit(taskId: number): void {
    this.#clear(this.#limits, taskId);
  }

  onAnswered(taskId: number, isTimed: boolean, inFlight: number): void {
    if (isTimed && !this.#begun.delete(taskId)) this.#waiting--;
    if (this.#waiting > 0 || this.#silence !== undefined) this.#reviewSilence(inFlight);
    this.#clear(this.#limits, taskId);
    this.#clear(this.#graces, taskId);
  }

  onLoading(functionId: number, inFlight: number): void {
    if (this.#startTimeout > 0 && !this.#hasEnded) {
      const pass = () => this.#events.onImportTimeout(functionId);
      this.#imports.set(functionId, new Deadline(this.#startTimeout, pass));
    }
    this.#reviewSilence(inFlight);
  }

  onLoaded(functionId: number, inFlight: number): void {
    this.#clear(this.#imports, functionId);
    this.#reviewSilence(inFlight);
  }

  #reviewSilence(inFlight: number): void {
    const isSilent = this.#waiting > 0 && this.#waiting === inFlight && this.#imports.size === 0;
    if (isSilent && this.#startTimeout > 0 && !this.#hasEnded) {
      this.#silence ??= new Deadline(this.#startTimeout, () => this.#events.onSilence());
    } else {
      this.#silence?.clear();
      this.#silence = undefined;
    }
  }

  #clear(deadlines: Map<number, Deadline>, id: number): void {
    if (deadlines.size === 0) return;
    deadlines.get(id)?.clear();
    deadlines.delete(id);
  }

  /** The child ends: nothing is timed from now on. */
  end(): void {
    this.#hasEnded = true;
    for (const deadlines of [this.#limits, this.#graces, this.#imports]) {
      for (const deadline of deadlines.values()) deadline.clear();
      deadlines.clear();
    }
    this.#silence?.clear();
    this.#silence = undefined;
  }
}
