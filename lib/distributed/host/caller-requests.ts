import type { QueueEvents } from 'bullmq';
import type { HostReport } from '../wire/messages.js';
import { ASK, CANCEL, isCaller, isRound, WATCH } from '../wire/queue-names.js';
import type { CallerLeases } from './caller-leases.js';
import type { Announcement, ResultSender } from './result-sender.js';

/** How long a caller that asks counts as alive after a heartbeat, in milliseconds; only its next heartbeat depends on it. */
const LEASE_OF_ASKING = 60_000;

/** What a {@link CallerRequests} needs of its host. */
export interface RequestedHost {
  readonly leases: CallerLeases;
  report(): HostReport;
  /** The state of the host for dashboards; `undefined` if it has been sent in this round, through another shard. */
  describe(round: string): Promise<string | undefined>;
  resultSenderOf(caller: string): ResultSender;
  /** Cancels the tasks of these chunks. */
  abort(chunks: readonly string[]): void;
  onError(error: unknown): void;
}

/** Serves what callers request of all hosts at once. Anyone can write to the stream, so every request is checked. */
export class CallerRequests {
  readonly #host: RequestedHost;

  constructor(events: QueueEvents, host: RequestedHost) {
    this.#host = host;
    this.#listen(events, CANCEL, ({ ids }) => {
      if (typeof ids === 'string') host.abort(ids.split(','));
    });
    this.#listen(events, ASK, ({ caller }) => {
      if (isCaller(caller)) this.#answer(caller, async () => ({ about: host.report() })).catch(host.onError);
    });
    this.#listen(events, WATCH, ({ caller, round }) => {
      if (isCaller(caller) && isRound(round)) this.#describe(caller, round).catch(host.onError);
    });
  }

  #listen(events: QueueEvents, name: string, listener: (request: Record<string, unknown>) => void): void {
    events.on(name as never, ((request: Record<string, unknown>) => listener(Object(request))) as never);
  }

  async #describe(caller: string, round: string): Promise<void> {
    await this.#answer(caller, async () => {
      const state = await this.#host.describe(round);
      return state === undefined ? undefined : { state };
    });
  }

  /** Not to one that has ended meanwhile: no one would remove the answer. */
  async #answer(caller: string, describe: () => Promise<Announcement | undefined>): Promise<void> {
    const { leases, resultSenderOf } = this.#host;
    const token = {};
    leases.hold(caller, LEASE_OF_ASKING, token);
    try {
      if (!(await leases.isAlive(caller, LEASE_OF_ASKING))) return;
      const announcement = await describe();
      if (announcement !== undefined) await resultSenderOf(caller).announce(announcement);
    } finally {
      leases.release(caller, token);
    }
  }
}
