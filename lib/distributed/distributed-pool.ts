import { EventEmitter } from 'eventemitter3';
import type { PoolEvents } from '../observe/events.js';
import { openPools } from '../observe/inspection.js';
import { BasePool } from '../pool/base-pool.js';
import { Tracing } from '../pool/tracing/tracing.js';
import { refuseOutsideOfTask } from '../process/current-task.js';
import { DistributedBackend } from './caller/distributed-backend.js';
import type { ConnectionEvents, DistributedPoolEvents } from './events.js';
import { type DistributedPoolOptions, readDistributedPoolOptions } from './options.js';
import type { DistributedPoolStats } from './stats.js';

/**
 * A `Pool` over many machines: tasks go through BullMQ, on Redis or PostgreSQL, to hosts, which are started with
 * `aiomultiprocess host`.
 *
 * A task runs at least once: if its host dies, it runs again on another host. The caller gets one result. The pool
 * connects with the first call, and keeps the program alive until it is closed or terminated.
 *
 * @example
 * ```ts
 * await using pool = new DistributedPool({ queue: 'crawl', connection: 'redis://localhost' });
 * const pages = await pool.map(fetchPage, urls);
 * ```
 * @since 0.2.0
 */
export class DistributedPool extends BasePool<DistributedPoolEvents> {
  readonly #backend: DistributedBackend;

  /**
   * @throws TypeError for an unknown or invalid option.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: DistributedPoolOptions) {
    refuseOutsideOfTask('a DistributedPool');
    const read = readDistributedPoolOptions(options);
    const events = new EventEmitter<PoolEvents & ConnectionEvents>();
    const tracing = new Tracing(read.queue, events, undefined, () => {});
    const backend = new DistributedBackend(read, events, tracing);
    const { taskTimeout: timeout, retries } = read;
    super(backend, { timeout, retries, priority: 0, asViews: false }, events, tracing, read.expires);
    this.#backend = backend;
    const inspected = backend.inspect();
    openPools.add(inspected);
    void backend.ended.then(() => openPools.delete(inspected));
    this.openDashboard(read.dashboard);
  }

  /**
   * Connects, and waits until the datastore answers.
   *
   * @throws (rejects) {@link MissingPackageError}, {@link PoolClosedError}, {@link QueueError}, the error of a failed
   * connection.
   */
  async ready(): Promise<void> {
    this.refuseIfClosed();
    await this.#backend.ready();
  }

  /** The current state of the pool, as plain data. */
  stats(): DistributedPoolStats {
    return this.#backend.stats();
  }
}
