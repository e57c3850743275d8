import type { QueueEvents, QueueEventsOptions } from 'bullmq';
import type { HostReport } from '../wire/messages.js';
import { ASK, BEGINNING, BROADCAST, CANCEL, isCaller, isRound, WATCH } from '../wire/queue-names.js';
import type { Broadcasts } from './broadcasts.js';
import type { CallerLeases } from './caller-leases.js';
import type { Announcement, ResultSender } from './result-sender.js';

/** How long a caller that asks counts as alive after a heartbeat, in milliseconds; only its next heartbeat depends on it. */
const LEASE_OF_ASKING = 60_000;

/** What a {@link CallerRequests} needs of its host. */
export interface RequestedHost {
  readonly leases: CallerLeases;
  readonly broadcasts: Broadcasts;
  report(): HostReport;
  /** The state of the host for dashboards; `undefined` if it has been sent in this round, through another shard. */
  describe(round: string): Promise<string | undefined>;
  resultSenderOf(caller: string): ResultSender;
  /** Cancels the tasks of these jobs, and of those that arrive later. */
  cancel(jobs: readonly string[]): void;
  /** Work for which the end of the host waits. */
  track(work: Promise<void>): void;
  onError(error: unknown): void;
}

/** How long to wait for events that are already there, in milliseconds; 0 would be without an end. */
const SHORTEST_BLOCK = 1;

/** Serves what callers request of all hosts at once. Anyone can write to the stream, so every request is checked. */
export class CallerRequests {
  readonly #host: RequestedHost;
  readonly #events: QueueEvents;
  /** The last event that was read. */
  #last = BEGINNING;

  constructor(events: QueueEvents, host: RequestedHost) {
    this.#host = host;
    this.#events = events;
    this.#listen(events, CANCEL, ({ ids }) => {
      if (typeof ids !== 'string') return;
      host.cancel(ids.split(','));
      host.broadcasts.abort(ids.split(','));
    });
    this.#listen(events, BROADCAST, ({ caller, id }) => {
      // The id becomes part of a key of the datastore.
      if (!isCaller(caller) || typeof id !== 'string' || !id.startsWith(`${caller}-`)) return;
      host.track(host.broadcasts.run(caller, id).catch(host.onError));
    });
    this.#listen(events, ASK, ({ caller }) => {
      if (isCaller(caller)) this.#answer(caller, async () => ({ about: this.#report(caller) })).catch(host.onError);
    });
    this.#listen(events, WATCH, ({ caller, round }) => {
      if (isCaller(caller) && isRound(round)) this.#describe(caller, round).catch(host.onError);
    });
  }

  /**
   * Begins to serve requests. Call it before the host takes jobs: of the earlier events it reads the cancellations, because a
   * job that was cancelled on a host that does not answer comes back to the queue later, and this host may get it. May be
   * repeated if it fails.
   */
  async start(): Promise<void> {
    await this.#events.waitUntilReady();
    const backend = this.#events.getBackend();
    for (;;) {
      const streams = await backend.readEvents(this.#last, SHORTEST_BLOCK);
      const events = streams?.[0]?.[1] ?? [];
      if (events.length === 0) break;
      for (const [id, fields] of events) {
        // Names and values in turn: `event`, its name, and what the caller wrote.
        if (fields[1] === CANCEL && fields[2] === 'ids') this.#host.cancel(String(fields[3]).split(','));
        this.#last = id;
      }
    }
    // Not from its end, as BullMQ does by itself: what is sent before it first reads would be lost.
    (this.#events.opts as QueueEventsOptions).lastEventId = this.#last;
    void this.#events.run().catch(this.#host.onError);
  }

  #listen(events: QueueEvents, name: string, listener: (request: Record<string, unknown>) => void): void {
    events.on(name as never, ((request: Record<string, unknown>) => listener(Object(request))) as never);
  }

  #report(caller: string): HostReport {
    const { broadcasts, report } = this.#host;
    const running = broadcasts.list(caller);
    return { ...report(), ...(running.length > 0 && { broadcasts: running }) };
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
