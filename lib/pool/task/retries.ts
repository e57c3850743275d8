import { ExponentialBackoff } from 'cockatiel';
import { PoisonousTaskError, ProcessExitError, SerializationError, TaskNotFoundError } from '../../errors.js';
import { isObject } from '../../util/guards.js';
import type { Task } from './task.js';

/** The first pause before a retry and the longest, in milliseconds. Pauses grow exponentially, with jitter. */
const FIRST_PAUSE = 50;
const MAX_PAUSE = 10_000;

const BACKOFF = new ExponentialBackoff({ initialDelay: FIRST_PAUSE, maxDelay: MAX_PAUSE });

/** Whether the call of a task allows another attempt after this error. Values and functions that cannot be sent never get one. */
export function mayRetry(task: Task, error: unknown): boolean {
  if (task.job.retries === 0 || error instanceof SerializationError || error instanceof TaskNotFoundError) return false;
  return task.attempt <= task.job.retries;
}

/** Adds a failed attempt to the history of a task. @returns the pause before the next attempt, in milliseconds. */
export function addAttempt(task: Task, error: unknown): number {
  const { history } = task;
  const backoff = history === undefined ? BACKOFF.next() : history.backoff.next(undefined);
  task.history = { errors: [...(history?.errors ?? []), error], firstId: history?.firstId ?? task.id, backoff };
  return backoff.duration;
}

/**
 * The error that the caller of a task gets after its last attempt: that of this attempt, with the errors of the earlier
 * ones at the end of its chain of causes. A task that ended its process in every attempt gets a {@link PoisonousTaskError}.
 */
export function describeFailure(task: Task, error: unknown): unknown {
  if (task.history === undefined) return error;
  const { errors } = task.history;
  return chainCauses([...errors, isPoisonous(errors, error) ? createPoisonousError(task, error) : error]);
}

function isPoisonous(errors: readonly unknown[], error: unknown): error is ProcessExitError {
  return error instanceof ProcessExitError && errors.every((each) => each instanceof ProcessExitError);
}

function createPoisonousError(task: Task, error: ProcessExitError): PoisonousTaskError {
  return new PoisonousTaskError(task.name, task.attempt, error, { cause: error.cause });
}

/**
 * The last of these errors, with each one's predecessor at the end of its causes.
 *
 * Thrown values that are not errors, and errors that are frozen, keep the causes they have.
 */
function chainCauses(errors: readonly unknown[]): unknown {
  for (let at = 1; at < errors.length; at++) appendCause(errors[at], errors[at - 1]);
  return errors.at(-1);
}

function appendCause(error: unknown, cause: unknown): void {
  const seen = new Set([cause]);
  let end = error;
  while (!seen.has(end) && isObject(end) && isObject(end.cause)) {
    seen.add(end);
    end = end.cause;
  }
  if (seen.has(end) || !(end instanceof Error) || !Object.isExtensible(end)) return;
  Object.defineProperty(end, 'cause', { value: cause, writable: true, configurable: true, enumerable: false });
}
