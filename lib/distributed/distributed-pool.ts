import { EventEmitter } from 'eventemitter3';
import type { MixedFunction, TaskFunction } from '../functions/address/address.js';
import type { PoolEvents } from '../observe/events.js';
import { openPools } from '../observe/inspection.js';
import { BasePool } from '../pool/base-pool.js';
import {
  type BroadcastOptions,
  type DistributedBroadcastArguments,
  readBroadcastOptions,
} from '../pool/options/call-options.js';
import { tolerateTermination } from '../pool/task/call.js';
import { Expiry } from '../pool/task/expiry.js';
import type { AnyFunction } from '../pool/task/job.js';
import { Tracing } from '../pool/tracing/tracing.js';
import { refuseOutsideOfTask } from '../process/current-task.js';
import type { Emitter } from '../util/emitter.js';
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
  readonly #expires: number;

  /**
   * @throws TypeError for an unknown or invalid option.
   * @throws {@link BootstrapError} in a child, outside of a task.
   */
  constructor(options: DistributedPoolOptions) {
    refuseOutsideOfTask('a DistributedPool');
    const read = readDistributedPoolOptions(options);
    const events: Emitter<PoolEvents> & Emitter<ConnectionEvents> = new EventEmitter<string>();
    const tracing = new Tracing(read.queue, events, undefined, () => {});
    const backend = new DistributedBackend(read, events, tracing);
    const { taskTimeout: timeout, retries } = read;
    super(backend, { timeout, retries, priority: 0, asViews: false }, events, tracing, read.expires);
    this.#backend = backend;
    this.#expires = read.expires;
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
  ready(): Promise<void> {
    return tolerateTermination(this.#ready());
  }

  async #ready(): Promise<void> {
    this.refuseIfClosed();
    await this.#backend.ready();
  }

  /**
   * Runs `fn(...args)` once in every process of every host of the queue.
   *
   * The hosts that count are those that are connected and answer within five seconds; one that is closing has no processes any
   * longer, and one that starts later does not run it. It is not retried: no process runs it twice. Without hosts the result is
   * empty, and the pool emits `noHosts`.
   *
   * Of the options, `timeout` limits the function in each process, and `expires` the whole call.
   *
   * @returns the results, one a process. Those of one host follow each other, and together count as one result for
   * `maxValueSize`.
   * @throws (rejects) what `fn` throws in one of the processes, while the others go on; {@link ProcessExitError} if a process
   * ended that may have begun; {@link HostLostError} if a host closes, or has not answered for `heartbeatTimeout`;
   * {@link TaskNotFoundError} if a host does not know the function; what {@link apply} throws otherwise.
   *
   * @example
   * ```ts
   * await pool.broadcast(clearCache, ['prices']);
   * ```
   */
  broadcast<A extends unknown[], R>(fn: TaskFunction<A, R>, ...rest: DistributedBroadcastArguments<A>): Promise<R[]>;
  broadcast<A extends unknown[], R>(
    fn: MixedFunction<A, R>,
    ...rest: DistributedBroadcastArguments<A>
  ): Promise<Awaited<R>[]>;
  broadcast<R>(fn: AnyFunction<R>, args: readonly unknown[] = [], options: BroadcastOptions = {}): Promise<R[]> {
    return tolerateTermination(this.#broadcast(fn, args, options));
  }

  async #broadcast<R>(fn: AnyFunction<R>, args: readonly unknown[], options: BroadcastOptions): Promise<R[]> {
    const { expires = this.#expires, signal, ...limits } = readBroadcastOptions(options);
    // A retry could land on a process that already ran it.
    const job = this.createJob('broadcast', fn, args, { ...limits, retries: 0 });
    signal?.throwIfAborted();
    const expiry = expires === 0 ? undefined : new Expiry(fn.name || 'a broadcast', expires, signal);
    try {
      return await this.#backend.broadcast<R>(job, args, expiry?.signal ?? signal);
    } finally {
      expiry?.end();
    }
  }

  /** The current state of the pool, as plain data. */
  stats(): DistributedPoolStats {
    return this.#backend.stats();
  }
}
