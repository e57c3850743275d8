import type { QueueEvents } from 'bullmq';
import type { HostReport } from '../wire/messages.js';
import { ASK, CANCEL, isCaller } from '../wire/queue-names.js';
import type { CallerLeases } from './caller-leases.js';
import type { ResultSender } from './result-sender.js';

/** How long a caller that asks counts as alive after a heartbeat, in milliseconds; only its next heartbeat depends on it. */
const LEASE_OF_ASKING = 60_000;

/** What a {@link CallerRequests} needs of its host. */
export interface RequestedHost {
  readonly leases: CallerLeases;
  report(): HostReport;
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
      if (isCaller(caller)) this.#answer(caller).catch(host.onError);
    });
  }

  #listen(events: QueueEvents, name: string, listener: (request: Record<string, unknown>) => void): void {
    events.on(name as never, ((request: Record<string, unknown>) => listener(Object(request))) as never);
  }

  /** Not to one that has ended meanwhile: no one would remove the answer. */
  async #answer(caller: string): Promise<void> {
    const { leases, report, resultSenderOf } = this.#host;
    const token = {};
    leases.hold(caller, LEASE_OF_ASKING, token, () => {});
    try {
      if (await leases.isAlive(caller, LEASE_OF_ASKING)) await resultSenderOf(caller).announce(report());
    } finally {
      leases.release(caller, token);
    }
  }
}
