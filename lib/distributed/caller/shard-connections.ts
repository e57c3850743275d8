import { clearInterval, clearTimeout, performance, setInterval, setTimeout } from '../../util/clock.js';
import type { DatastoreOptions } from '../wire/datastore.js';
import type { ResultsMessage } from '../wire/messages.js';
import type { Shard } from '../wire/shards.js';
import { DatastoreConnection } from './datastore-connection.js';
import type { OutgoingChunk, Session, SessionOptions } from './session.js';

/** Called by {@link ShardConnections}. */
export interface ShardsHandler {
  /** A shard is open: chunks can be sent. */
  onReady(): void;
  onResults(results: ResultsMessage, shard: number): void;
  /** How many tasks wait in this process. */
  countUnsent(): number;
  /** Hosts have dropped everything that was sent through this shard, or no one can reach it. */
  onLost(shard: number): void;
  /** No shard could be opened. The next {@link ShardConnections.open} tries again. */
  onFailed(error: unknown): void;
  onError(error: Error): void;
  /** This machine's clock is ahead of a datastore's by this many milliseconds, or behind if negative. */
  onSkew(skew: number): void;
}

export type ShardConnectionsOptions = Omit<DatastoreOptions & SessionOptions, keyof Shard> & {
  shards: readonly Shard[];
};

/** The delay before another attempt to open a shard that failed, while others are open, in milliseconds. */
const RETRY_DELAY = 5000;
/** A shard that takes longer to accept chunks, in milliseconds, gets no further ones for now. */
const LONGEST_SEND = 1000;

interface ShardState {
  readonly connection: DatastoreConnection;
  /** Why it could not be opened. */
  failure: { error: unknown } | undefined;
  retry: NodeJS.Timeout | undefined;
  /** When each send began that has not ended. */
  readonly sending: Set<{ since: number }>;
}

/** The connections of a distributed pool to the shards of its queue: one away slows the pool, but stops nothing. */
export class ShardConnections {
  readonly #shards: ShardState[];
  readonly #handler: ShardsHandler;
  readonly #leaseDuration: number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ shards, ...options }: ShardConnectionsOptions, handler: ShardsHandler) {
    this.#handler = handler;
    this.#leaseDuration = options.leaseDuration;
    this.#shards = shards.map((shard, index) => ({
      connection: new DatastoreConnection(
        { ...options, ...shard },
        {
          onReady: () => this.#onReady(index),
          onResults: (results) => handler.onResults(results, index),
          // Each shard reports its part, so that the sum over all is right.
          countUnsent: () => Math.ceil(handler.countUnsent() / shards.length),
          onLost: () => handler.onLost(index),
          onFailed: (error) => this.#onFailed(index, error),
          onError: handler.onError,
          onSkew: (skew) => handler.onSkew(skew),
        },
      ),
      failure: undefined,
      retry: undefined,
      sending: new Set(),
    }));
  }

  /** Starts to connect to the shards to which it has not. */
  open(): void {
    for (const { connection, retry } of this.#shards) if (retry === undefined) connection.open();
    // A single datastore that is away is waited for: sending elsewhere is not possible.
    if (this.#shards.length > 1) this.#timer ??= setInterval(() => this.#leaveSilent(), this.#leaseDuration / 4);
  }

  /** Connects, and waits until one of the datastores answers. */
  async ready(): Promise<void> {
    this.open();
    try {
      await Promise.any(this.#shards.map(({ connection }) => connection.ready()));
    } catch (error) {
      throw (error as AggregateError).errors[0];
    }
  }

  /** How many shards there are. */
  get count(): number {
    return this.#shards.length;
  }

  /** Whether chunks can be sent. */
  get isReady(): boolean {
    return this.#shards.some(({ connection }) => connection.session !== undefined);
  }

  /** Whether one of the datastores answers. */
  get isAnswering(): boolean {
    return this.#shards.some(({ connection }) => connection.isAnswering);
  }

  /** Asks all hosts to report. */
  async ask(): Promise<void> {
    await Promise.all(this.#shards.map(({ connection }) => connection.session?.ask()));
  }

  /** Asks all hosts for their state, through the shards that answer: for others, questions would pile up. */
  async watch(round: string): Promise<void> {
    const answering = this.#shards.filter(({ connection }) => connection.isAnswering);
    await Promise.all(answering.map(({ connection }) => connection.session?.watch(round)));
  }

  /** How long the slowest datastore takes to answer {@link watch}, in milliseconds; 0 before the first measurement. */
  get roundTrip(): number {
    return Math.max(0, ...this.#shards.map(({ connection }) => connection.session?.roundTrip ?? 0));
  }

  session(shard: number): Session | undefined {
    return this.#shards[shard]?.connection.session;
  }

  /**
   * The shard to which the next chunk goes: the one with the fewest on their way, of those that accept chunks at once if there
   * is one.
   *
   * @param countChunks - how many chunks are on their way through a shard.
   */
  choose(countChunks: (shard: number) => number): { shard: number; session: Session } | undefined {
    let chosen: { shard: number; session: Session; rank: number } | undefined;
    for (const [shard, state] of this.#shards.entries()) {
      const { session } = state.connection;
      if (session === undefined) continue;
      const rank = countChunks(shard) + (this.#isSlow(state) ? Number.MAX_SAFE_INTEGER / 2 : 0);
      if (chosen === undefined || rank < chosen.rank) chosen = { shard, session, rank };
    }
    return chosen;
  }

  /** Sends chunks. A shard that does not take them in time has failed. */
  async send(shard: number, session: Session, outgoing: readonly OutgoingChunk[]): Promise<void> {
    const { connection, sending } = this.#shards[shard] as ShardState;
    const started = { since: performance.now() };
    sending.add(started);
    try {
      await session.send(outgoing);
    } catch (error) {
      connection.fail(error);
    } finally {
      sending.delete(started);
    }
  }

  #isSlow({ sending }: ShardState): boolean {
    const [oldest] = sending;
    return oldest !== undefined && performance.now() - oldest.since > LONGEST_SEND;
  }

  #onReady(index: number): void {
    (this.#shards[index] as ShardState).failure = undefined;
    this.#handler.onReady();
  }

  #onFailed(index: number, error: unknown): void {
    const failed = this.#shards[index] as ShardState;
    failed.failure = { error };
    if (this.#shards.every(({ failure }) => failure !== undefined)) {
      for (const state of this.#shards) this.#forget(state);
      this.#handler.onFailed(error);
      return;
    }
    this.#handler.onLost(index);
    this.#handler.onError(error as Error);
    failed.retry ??= setTimeout(() => {
      failed.retry = undefined;
      failed.connection.open();
    }, RETRY_DELAY);
  }

  #forget(state: ShardState): void {
    clearTimeout(state.retry);
    state.retry = undefined;
    state.failure = undefined;
  }

  /** Sends what is on its way through a shard again, through others, if it has not answered for a lease. */
  #leaveSilent(): void {
    for (const { connection } of this.#shards) {
      const isOther = this.#shards.some((other) => other.connection !== connection && !other.connection.isSilent);
      if (connection.isSilent && isOther) connection.restart();
    }
  }

  /**
   * Removes the sessions from the datastores, and closes the connections.
   *
   * @param pending - messages to the hosts that must be sent before.
   */
  async close(pending: Promise<unknown> | undefined): Promise<void> {
    clearInterval(this.#timer);
    for (const state of this.#shards) this.#forget(state);
    await Promise.all(this.#shards.map(({ connection }) => connection.close(pending)));
  }
}
