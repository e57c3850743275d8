import type { Queue } from 'bullmq';
import { isCaller } from './queue-names.js';

/** The state of a queue, in tasks. */
export interface QueueState {
  /** Tasks that no host has taken yet: those in the datastore, and those that still wait in their callers. */
  waiting: number;
  /** Tasks that hosts have taken and not finished. */
  active: number;
  /** Callers with a lease. */
  callers: number;
  /** Refused jobs that are kept for inspection. */
  refused: number;
}

/** At most this many ids are read to count their tasks. A longer queue is estimated from them. */
const MAX_READ = 10_000;

/** The id of a chunk ends with the number of its tasks, so that they can be counted without reading their arguments. */
export function addTaskCount(chunk: string, tasks: number): string {
  return `${chunk}-${tasks}`;
}

/**
 * @param leases - the queue of the callers' leases.
 * @throws (rejects) if the datastore does not answer.
 */
export async function readQueueState(jobs: Queue, leases: Queue): Promise<QueueState> {
  const counts = await jobs.getJobCounts('wait', 'prioritized', 'active', 'failed');
  const [waiting, active, held] = await Promise.all([
    jobs.getRanges(['wait', 'prioritized'], 0, MAX_READ - 1),
    jobs.getRanges(['active'], 0, MAX_READ - 1),
    leases.getWaiting(0, MAX_READ - 1),
  ]);
  // A job may have been removed since it was listed.
  const callers = held.filter((job) => isCaller(Object(job?.data).caller));
  const unsent = callers.reduce((sum, { data }) => sum + readCount(Object(data).queued), 0);
  const sent = countTasks(waiting, (counts.wait ?? 0) + (counts.prioritized ?? 0));
  return {
    waiting: unsent + sent,
    active: countTasks(active, counts.active ?? 0),
    callers: callers.length,
    refused: counts.failed ?? 0,
  };
}

/** The state of a queue from the states of its shards. Each caller has a lease in every one. */
export function addQueueStates(a: QueueState, b: QueueState): QueueState {
  return {
    waiting: a.waiting + b.waiting,
    active: a.active + b.active,
    callers: Math.max(a.callers, b.callers),
    refused: a.refused + b.refused,
  };
}

/** @param count - how many there are: `ids` may be only some of them. */
function countTasks(ids: readonly string[], count: number): number {
  const tasks = ids.reduce((sum, id) => sum + readCount(Number(/-(\d{1,4})$/.exec(id)?.[1])), 0);
  return ids.length === 0 ? 0 : Math.round(tasks * Math.max(1, count / ids.length));
}

/** Anyone may have written it. */
function readCount(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}
