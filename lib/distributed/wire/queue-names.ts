/** The names of queues and jobs that callers and hosts share. BullMQ does not allow colons in them. */

/** The id of a caller. It becomes part of queue names, so it is validated wherever it is received. */
const CALLER = /^[0-9a-f]{32}$/;

export function isCaller(value: unknown): value is string {
  return typeof value === 'string' && CALLER.test(value);
}

/** The queue from which a caller reads its results. */
export function resultsQueueOf(queue: string, caller: string): string {
  return `${queue}-results-${caller}`;
}

/** The queue that holds the broadcasts of a caller while hosts run them. No one takes jobs from it: hosts read them. */
export function broadcastsQueueOf(queue: string, caller: string): string {
  return `${queue}-broadcasts-${caller}`;
}

/** The event stream on which callers tell hosts which chunks are cancelled. */
export function controlQueueOf(queue: string): string {
  return `${queue}-control`;
}

/** The place in an event stream before its first event. */
export const BEGINNING = '0';

/**
 * The queue that holds the leases of callers. No one takes jobs from it: the caller keeps changing the data of its own, and
 * hosts read it.
 */
export function leasesQueueOf(queue: string): string {
  return `${queue}-leases`;
}

/** The id of the job that is a caller's lease. Its data says until when the caller counts as alive. */
export function leaseJobOf(caller: string): string {
  return `lease-${caller}`;
}

/** The names of jobs. */
export const TASKS = 'tasks';
export const LEASE = 'lease';
export const RESULTS = 'results';
/** Also the event by which a caller asks hosts to run a broadcast, with the id of its job. */
export const BROADCAST = 'broadcast';

/** The event by which a caller asks all hosts to report to its results queue. */
export const ASK = 'ask';

/**
 * The event by which a caller asks all hosts for their state, while a dashboard shows its pool. It goes through all shards of a
 * queue, so it has the name of a round: a host that takes from several answers once.
 */
export const WATCH = 'watch';

/** The id of the pool, and a number. */
const ROUND = /^[0-9a-f]{32}-\d{1,15}$/;

export function isRound(value: unknown): value is string {
  return typeof value === 'string' && ROUND.test(value);
}

/** The event with the ids of cancelled jobs. */
export const CANCEL = 'cancel';
