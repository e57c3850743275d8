import { QueueError } from '../../errors.js';
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../../util/clock.js';
import { addQueueStates, type QueueState } from '../wire/queue-state.js';
import type { Shard } from '../wire/shards.js';
import { HostShard, type HostShardHandler, type HostShardOptions, type ShardStats } from './host-shard.js';

/** The delay before another attempt to open a shard that failed, while others are open, in milliseconds. */
const RETRY_DELAY = 5000;
/** How often to look for lost shards in the time within which a silent connection is noticed. */
const CHECKS = 4;

/** The shards that a host takes jobs from. */
export class HostShards {
  readonly #handler: HostShardHandler;
  readonly #slots: { current: HostShard; create(): HostShard; retry: NodeJS.Timeout | undefined }[];
  readonly #checkTimer: NodeJS.Timeout | undefined;
  /** The shard that is asked first. */
  #turn = 0;
  #isStopped = false;

  constructor(shards: readonly Shard[], options: HostShardOptions, handler: HostShardHandler) {
    this.#handler = handler;
    this.#slots = shards.map((shard, index) => {
      const hasRoom: HostShardHandler['hasRoom'] = (coming, roundTrip) =>
        handler.hasRoom(coming + this.#countComing(index), roundTrip);
      const onError = (error: Error) => {
        handler.onError(error);
        // What comes from a shard that fails no longer counts.
        this.#fetchFromOthers(index);
      };
      const create = () => new HostShard(shard, options, { ...handler, hasRoom, onError });
      return { current: create(), create, retry: undefined };
    });
    // A single datastore that is away is waited for: callers cannot send elsewhere.
    if (shards.length > 1) {
      this.#checkTimer = setInterval(() => this.#leaveLost(), options.heartbeatTimeout / CHECKS).unref();
    }
  }

  /**
   * Starts to take jobs. Resolves when one shard has started: the others may be away.
   *
   * @throws (rejects) the error of the first shard, if all fail.
   */
  async start(): Promise<void> {
    const starting = this.#slots.map(({ current }) => current.start());
    try {
      await Promise.any(starting);
    } catch (error) {
      throw (error as AggregateError).errors[0];
    }
    for (const [index, started] of starting.entries()) started.catch((error: Error) => this.#startLater(index, error));
  }

  /** How many jobs of other shards are on their way, or have not begun. */
  #countComing(except: number): number {
    return this.#slots.reduce((sum, { current }, index) => sum + (index === except ? 0 : current.coming), 0);
  }

  /** Fetches jobs while there is room; from another shard first each time. */
  fetch(): void {
    this.#turn = (this.#turn + 1) % this.#slots.length;
    for (let step = 0; step < this.#slots.length; step++) {
      this.#slots[(this.#turn + step) % this.#slots.length]?.current.fetch();
    }
  }

  #fetchFromOthers(index: number): void {
    for (const [other, { current }] of this.#slots.entries()) if (other !== index) current.fetch();
  }

  #startLater(index: number, error: Error): void {
    const slot = this.#slots[index];
    if (slot === undefined) return;
    if (!this.#isStopped) this.#handler.onError(error);
    void slot.current.leave();
    if (this.#isStopped) return;
    slot.retry = setTimeout(() => {
      slot.current = slot.create();
      slot.current.start().catch((again: Error) => this.#startLater(index, again));
    }, RETRY_DELAY);
  }

  /** Drops what came from a lost shard: it would wait there for the datastore, and with it the end of the host. */
  #leaveLost(): void {
    if (!this.#slots.some(({ current }) => current.isAnswering)) return;
    for (const [index, { current }] of this.#slots.entries()) {
      if (!current.isLost) continue;
      const reason = `the datastore of shard ${index} does not answer; its callers send their tasks through others`;
      this.#startLater(index, new QueueError(reason));
    }
  }

  /** The state of all connections together: `degraded` if some are away. */
  stats(): ShardStats {
    const all = this.#slots.map(({ current }) => current.stats());
    const states = new Set(all.map(({ datastore }) => datastore));
    const [only = 'away'] = states;
    const silences = all.map(({ silence }) => silence).filter((silence) => silence !== null);
    const leases = all.map(({ lease }) => lease).filter((lease) => lease !== null);
    return {
      datastore: states.size === 1 ? only : 'degraded',
      silence: silences.length === 0 ? null : Math.max(...silences),
      clockSkew: all.reduce((most, { clockSkew }) => (Math.abs(clockSkew) > Math.abs(most) ? clockSkew : most), 0),
      lease: leases.length === 0 ? null : Math.min(...leases),
    };
  }

  /** The number of callers whose chunks run here: each may send some through every shard. */
  get callers(): number {
    return Math.max(0, ...this.#slots.map(({ current }) => current.callers));
  }

  /** How long the slowest datastore takes to answer, in milliseconds; 0 before the first measurement. */
  get roundTrip(): number {
    return Math.max(0, ...this.#slots.map(({ current }) => current.roundTrip));
  }

  /**
   * The state of the queue, without the shards that are away.
   *
   * @throws (rejects) the error of the first shard, if no datastore answers.
   */
  async readQueueState(): Promise<QueueState> {
    const reading = await Promise.allSettled(this.#slots.map(({ current }) => current.readQueueState()));
    const [first, ...others] = reading.filter((each) => each.status === 'fulfilled').map(({ value }) => value);
    if (first === undefined) throw (reading[0] as PromiseRejectedResult).reason;
    return others.reduce(addQueueStates, first);
  }

  /** Takes no further jobs. */
  stop(): void {
    this.#isStopped = true;
    for (const { current, retry } of this.#slots) {
      clearTimeout(retry);
      current.stop();
    }
  }

  /** Closes the connections; call it when no job is held. */
  async close(): Promise<void> {
    clearInterval(this.#checkTimer);
    this.stop();
    await Promise.all(this.#slots.map(({ current }) => current.close()));
  }
}
