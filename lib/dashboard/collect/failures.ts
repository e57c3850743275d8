import { cut, describeError, summarizeArguments, summarizeError } from '../../observe/describe.js';
import type { TaskErrorInfo } from '../../observe/events.js';
import { performance } from '../../util/clock.js';
import type { FailureSnapshot } from '../snapshot.js';

/** How many failures are kept, and how many of them are described between two calls of {@link Failures.allow}. */
const KEPT = 20;
const MAX_DESCRIBED = 10;

/** The longest description of an error, in characters. */
const MAX_LINE = 500;
const MAX_DETAILS = 8000;

/** The last tasks that failed, as text: it must not keep the values of a task in memory. */
export class Failures {
  /** The newest first. */
  readonly #failures: FailureSnapshot[] = [];
  #allowed = MAX_DESCRIBED;

  /** Describing an error takes longer than a short task, so of very many failures only the first are described. */
  add(error: unknown, { task, id, pid, args, attempt }: TaskErrorInfo): void {
    if (this.#allowed-- <= 0) return;
    this.#failures.unshift({
      clock: performance.now(),
      id,
      task: task || '(anonymous)',
      args: summarizeArguments(args),
      attempt,
      pid,
      error: cut(summarizeError(error), MAX_LINE),
      details: cut(describeError(error), MAX_DETAILS),
    });
    if (this.#failures.length > KEPT) this.#failures.pop();
  }

  /** Lets further failures in: called once or more a second. */
  allow(): void {
    this.#allowed = MAX_DESCRIBED;
  }

  read(): FailureSnapshot[] {
    return [...this.#failures];
  }
}
