import { QueueError } from '../../errors.js';
import { clearTimeout, performance, setTimeout, sleep } from '../../util/clock.js';

/** The delay after a failure of the datastore, in milliseconds. */
const RETRY_DELAY = 500;

/** The options of {@link retryInOutage}. */
export interface OutageOptions {
  /** How long to retry, in milliseconds. */
  limit: number;
  /** Whether the outcome no longer matters. */
  isOver(): boolean;
  onError(error: Error): void;
}

/**
 * Retries while the datastore is away, restarts, or is out of memory. An attempt that gets no answer counts, too.
 *
 * @returns `undefined` if it no longer matters.
 * @throws (rejects) {@link QueueError} when the limit is reached, or at once if an attempt rejects with one.
 */
export async function retryInOutage<T>(
  attempt: () => Promise<T>,
  { limit, isOver, onError }: OutageOptions,
): Promise<T | undefined> {
  const started = performance.now();
  while (!isOver()) {
    const left = limit - (performance.now() - started);
    try {
      return await answerWithin(attempt(), left, () => new QueueError(describe(limit, 'it does not answer')));
    } catch (cause) {
      if (cause instanceof QueueError) throw cause;
      if (performance.now() - started + RETRY_DELAY >= limit)
        throw new QueueError(describe(limit, String(cause)), { cause });
      onError(cause as Error);
      await sleep(RETRY_DELAY);
    }
  }
  return undefined;
}

async function answerWithin<T>(answer: Promise<T>, time: number, createError: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    // The connection keeps the program running; once it is closed, no answer will come.
    timer = setTimeout(() => reject(createError()), time).unref();
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function describe(limit: number, reason: string): string {
  return `the datastore has failed for ${limit / 1000} s (option "datastoreTimeout"): ${reason}`;
}
