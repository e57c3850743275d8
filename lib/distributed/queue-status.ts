import { QueueError } from '../errors.js';
import { sleep } from '../util/clock.js';
import { isSettledWithin } from '../util/settled-within.js';
import { checkOptions } from '../util/validation.js';
import { Session } from './caller/session.js';
import {
  DISTRIBUTED_POOL_OPTIONS,
  type DistributedPoolOptions,
  type ReadDistributedPoolOptions,
  readDistributedPoolOptions,
} from './options.js';
import { Datastore } from './wire/datastore.js';
import type { ResultsMessage } from './wire/messages.js';
import { leasesQueueOf } from './wire/queue-names.js';
import { addQueueStates, type QueueState, readQueueState } from './wire/queue-state.js';
import type { Shard } from './wire/shards.js';

/** A host that has answered. @since 0.2.0 */
export interface HostStatus {
  /** Its name, with a random part. */
  name: string;
  /** Tasks that it runs at a time. */
  slots: number;
  /** Tasks that it has taken and not finished. */
  running: number;
  /** Tasks that it finishes per second. */
  rate: number;
  /** Tasks that it has finished since it started. */
  done: number;
  /** Those of the finished tasks that failed. */
  failed: number;
  /** Jobs that it has rejected. */
  refused: number;
  /** Time in milliseconds since it started. */
  uptime: number;
}

/** The state of a queue and its hosts. @since 0.2.0 */
export interface QueueStatus {
  /** The name of the queue. */
  queue: string;
  /** Tasks that no host has taken, in the datastore and in callers. */
  waiting: number;
  /** Tasks that hosts have taken and not finished. */
  active: number;
  /** Programs that send tasks. */
  callers: number;
  /** Refused jobs that are kept for inspection. */
  refused: number;
  /** Shards whose datastore has not answered. Their tasks are not counted. */
  away: number;
  /** The hosts that have answered. */
  hosts: HostStatus[];
}

/** The time between two reports of a host, from which its rate follows, in milliseconds. */
const INTERVAL = 1000;
/** How long to wait for an answer of the datastore, in milliseconds. */
const MAX_WAIT = 5000;

/**
 * Reads the state of a queue, and asks its hosts to report. Takes about two seconds, and leaves nothing in the datastore.
 *
 * @throws TypeError for an unknown or invalid option.
 * @throws (rejects) {@link QueueError} if the datastore does not answer within five seconds, {@link MissingPackageError}.
 *
 * @example
 * ```ts
 * const { waiting, hosts } = await readQueueStatus({ queue: 'crawl', connection: 'redis://localhost' });
 * ```
 * @since 0.2.0
 */
export async function readQueueStatus(
  options: Pick<DistributedPoolOptions, 'queue' | 'connection' | 'shards' | 'prefix'>,
): Promise<QueueStatus> {
  checkOptions('readQueueStatus', options as DistributedPoolOptions, DISTRIBUTED_POOL_OPTIONS);
  const read = readDistributedPoolOptions(options);
  const reading = await Promise.allSettled(read.shards.map((shard) => readShard(shard, read)));
  const [first, ...others] = reading.filter((each) => each.status === 'fulfilled').map(({ value }) => value);
  if (first === undefined) throw (reading[0] as PromiseRejectedResult).reason;
  const { hosts, ...state } = others.reduce(
    (sum, each) => ({ ...addQueueStates(sum, each), hosts: [...sum.hosts, ...each.hosts] }),
    first,
  );
  // A host that takes from several shards has answered in each.
  const byName = new Map(hosts.map((host) => [host.name, host]));
  const sorted = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { queue: read.queue, ...state, away: read.shards.length - others.length - 1, hosts: sorted };
}

async function readShard(
  shard: Shard,
  read: ReadDistributedPoolOptions,
): Promise<QueueState & Pick<QueueStatus, 'hosts'>> {
  const options = { ...read, ...shard };
  let failure: Error | undefined;
  const handler = {
    onError: (error: Error) => {
      failure ??= error;
    },
    onSkew: () => {},
  };
  const store = await Datastore.open(options, handler);
  const reports = new Reports();
  const session = new Session(store, options, {
    ...handler,
    onResults: (results) => reports.add(results),
    countUnsent: () => 0,
    onLost: () => {},
  });
  try {
    const started = session.start();
    if (!(await isSettledWithin(started, MAX_WAIT)))
      throw new QueueError(
        `the datastore has not answered for ${MAX_WAIT / 1000} s: ${failure?.message ?? 'no error'}`,
        {
          cause: failure,
        },
      );
    await started;
    for (let asked = 0; asked < 2; asked++) {
      await session.ask();
      await sleep(INTERVAL);
    }
    const state = await readQueueState(store.queue(shard.queue), store.queue(leasesQueueOf(shard.queue)));
    // This session is a caller, too.
    return { ...state, callers: Math.max(0, state.callers - 1), hosts: reports.list() };
  } finally {
    await isSettledWithin(
      session.end().catch(() => {}),
      INTERVAL,
    );
    await store.close();
  }
}

/** The answers of the hosts. */
class Reports {
  readonly #byHost = new Map<string, { first: ResultsMessage; last: ResultsMessage }>();

  add(results: ResultsMessage): void {
    if (results.about === undefined) return;
    this.#byHost.set(results.host, { first: this.#byHost.get(results.host)?.first ?? results, last: results });
  }

  list(): HostStatus[] {
    return [...this.#byHost.values()].map(({ first, last }) => toStatus(first, last));
  }
}

function toStatus({ about: before }: ResultsMessage, { host, slots, about: now }: ResultsMessage): HostStatus {
  const { running, done, failed, refused, uptime } = now as NonNullable<ResultsMessage['about']>;
  const { done: doneBefore, uptime: timeBefore } = before as NonNullable<ResultsMessage['about']>;
  const seconds = (uptime - timeBefore) / 1000;
  const rate = seconds > 0 ? (done - doneBefore) / seconds : 0;
  return {
    name: host,
    slots,
    running,
    rate: Math.round(rate * 10) / 10,
    done,
    failed,
    refused,
    uptime: Math.round(uptime),
  };
}
