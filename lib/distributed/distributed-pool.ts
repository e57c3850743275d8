import { EventEmitter } from 'eventemitter3';
import { refuseOutsideOfTask } from '../child/current-task.js';
import type { PoolEvents } from '../observe/events.js';
import { BasePool } from '../pool/base-pool.js';
import { Watch } from '../pool/watch.js';
import { Caller } from './caller.js';
import { type DistributedPoolOptions, readDistributedPoolOptions } from './options.js';
import type { ConnectionEvents, DistributedPoolEvents, DistributedPoolStats } from './types.js';

/**
 * The methods of a `Pool`, for many machines: tasks go through BullMQ, on Redis or PostgreSQL, to the hosts that were
 * started with `aiomultiprocess host`.
 *
 * A task runs at least once: one whose host dies runs again on another. Its caller gets one result. The pool connects
 * with the first call, and keeps the program alive until it is closed or terminated.
 *
 * @example
 * ```ts
 * await using pool = new DistributedPool({ queue: 'crawl', connection: 'redis://localhost' });
 * const pages = await pool.map(fetchPage, urls);
 * ```
 */
export class DistributedPool extends BasePool<DistributedPoolEvents> {
  readonly #caller: Caller;

  /**
   * @throws TypeError for an unknown or wrong option.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: DistributedPoolOptions) {
    refuseOutsideOfTask('a DistributedPool');
    const read = readDistributedPoolOptions(options);
    const events = new EventEmitter<PoolEvents & ConnectionEvents>();
    const watch = new Watch(read.queue, events, undefined, () => {});
    const caller = new Caller(read, events, watch);
    super(caller, { timeout: read.taskTimeout, retries: read.retries, priority: 0 }, events, watch);
    this.#caller = caller;
  }

  /**
   * Connects, and waits until the datastore answers.
   *
   * @throws (rejects) {@link MissingPackageError}, {@link PoolClosedError}, and what the datastore refuses the connection
   * with.
   */
  async ready(): Promise<void> {
    this.refuseIfClosed();
    await this.#caller.ready();
  }

  /** What the pool does at this moment, as plain data. */
  stats(): DistributedPoolStats {
    return this.#caller.stats();
  }
}
