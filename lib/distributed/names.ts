/** The names that callers and hosts of one queue agree on. BullMQ allows no colon in them. */

/** What a caller calls itself. Names of queues are made of it, so it is checked wherever it comes in. */
const CALLER = /^[0-9a-f]{32}$/;

export function isCaller(value: unknown): value is string {
  return typeof value === 'string' && CALLER.test(value);
}

/** The queue in which a caller finds its results. */
export function resultsQueueOf(queue: string, caller: string): string {
  return `${queue}-results-${caller}`;
}

/** The stream of events on which callers tell hosts what nobody waits for any more. */
export function controlQueueOf(queue: string): string {
  return `${queue}-control`;
}

/** The job that says a caller is there: it is put off again and again, and whoever finds it due buries the caller. */
export function leaseJobOf(caller: string): string {
  return `lease-${caller}`;
}

/** The names of jobs. */
export const TASKS = 'tasks';
export const LEASE = 'lease';
export const RESULTS = 'results';

/** The event that names jobs whose results nobody wants. */
export const CANCEL = 'cancel';
