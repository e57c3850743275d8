import { randomUUID } from 'node:crypto';
import { HostLostError, InvalidStateError, PoolTerminatedError, ProtocolError, QueueError } from '../../errors.js';
import type { PoolEvents } from '../../observe/events.js';
import type { InspectedPool } from '../../observe/inspection.js';
import type { Backend } from '../../pool/backend.js';
import { Maps } from '../../pool/map/maps.js';
import type { MapOrder } from '../../pool/map/pool-map.js';
import type { PoolResult } from '../../pool/map/pool-result.js';
import { RoundRobin } from '../../pool/queue/scheduler.js';
import { Call, type CallOptions } from '../../pool/task/call.js';
import type { AnyFunction, Job } from '../../pool/task/job.js';
import { TaskLifecycle } from '../../pool/task/lifecycle.js';
import type { Task } from '../../pool/task/task.js';
import type { Tracing } from '../../pool/tracing/tracing.js';
import { FAILURE, type Message, PROGRESS, RESULT } from '../../protocol/messages.js';
import { callListener } from '../../util/call-listener.js';
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../../util/clock.js';
import type { Emitter } from '../../util/emitter.js';
import { oncePerTick } from '../../util/once-per-tick.js';
import type { ConnectionEvents } from '../events.js';
import { HOST_DECIDES, type ReadDistributedPoolOptions } from '../options.js';
import type { DistributedPoolStats } from '../stats.js';
import { readBody } from '../wire/body.js';
import { FunctionReferences } from '../wire/function-reference.js';
import type { ResultsMessage } from '../wire/messages.js';
import { toPriority } from '../wire/priority.js';
import { addTaskCount } from '../wire/queue-state.js';
import { Broadcasts } from './broadcasts.js';
import { Chunk, encodeChunk } from './chunk.js';
import { ChunkQueue, type GetChunkSize } from './chunk-queue.js';
import { ChunkSizes } from './chunk-size.js';
import { ChunksInFlight } from './chunks-in-flight.js';
import { DistributedInspection } from './distributed-inspection.js';
import { HostWatch } from './host-watch.js';
import type { OutgoingChunk, Session } from './session.js';
import { ShardConnections } from './shard-connections.js';
import { WatchedHosts } from './watched-hosts.js';

/** How many results of a map over a stream may wait for the consumer: four times as many as in a local pool. */
const STREAM_SLOTS = 16 * 1024;
/** How long a partial chunk waits for further items, in milliseconds. */
const PARTIAL_DELAY = 20;

/** The backend of a distributed pool: sends tasks to hosts in chunks, through the datastore, and receives results. */
export class DistributedBackend implements Backend {
  /** What the keys of its tasks start with. */
  readonly #id = randomUUID().replaceAll('-', '');
  readonly #options: ReadDistributedPoolOptions;
  readonly #references: FunctionReferences;
  readonly #events: Emitter<PoolEvents> & Emitter<ConnectionEvents>;
  readonly #lifecycle: TaskLifecycle;
  readonly #sizes: ChunkSizes;
  readonly #queue: ChunkQueue;
  readonly #maps: Maps;
  readonly #inFlight: ChunksInFlight;
  readonly #shards: ShardConnections;
  readonly #hosts: HostWatch;
  readonly #watchedHosts: WatchedHosts;
  readonly #broadcasts: Broadcasts;
  readonly #tracing: Tracing;
  readonly ended: Promise<void>;
  #onEnded!: () => void;
  /** Looks periodically for chunks that the datastore lost. */
  #checkTimer: NodeJS.Timeout | undefined;
  /** Why the pool has ended or is ending. */
  #endReason: Error | undefined;
  #partialTimer: NodeJS.Timeout | undefined;
  #cancelling: Promise<unknown> | undefined;
  #isClosed = false;

  constructor(
    options: ReadDistributedPoolOptions,
    events: Emitter<PoolEvents> & Emitter<ConnectionEvents>,
    tracing: Tracing,
  ) {
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
    this.#options = options;
    this.#references = new FunctionReferences(options.root);
    this.#events = events;
    this.#tracing = tracing;
    this.#lifecycle = new TaskLifecycle(
      { enqueue: (task) => this.#enqueue(task), cancel: (isWanted) => this.#cancel(isWanted) },
      new RoundRobin(),
      events,
      tracing,
    );
    this.#shards = new ShardConnections(options, {
      onReady: () => this.#onReady(),
      onResults: (results, shard) => this.#onResults(results, shard),
      countUnsent: () => this.#queue.unsent,
      onLost: (shard) => this.#resendAll(shard),
      onFailed: (error) => this.#rejectAll(error),
      onError: this.#onError,
      onSkew: (skew) => callListener(() => this.#events.emit('clockSkew', skew)),
    });
    this.#hosts = this.#watchHosts();
    this.#watchedHosts = new WatchedHosts({
      ask: (round) => void this.#shards.watch(`${this.#id}-${round}`).catch(this.#onError),
      onError: this.#onError,
    });
    this.#broadcasts = new Broadcasts({
      shards: this.#shards,
      maxSilence: options.heartbeatTimeout,
      succeed: (task, values) => this.#lifecycle.succeed(task, values),
      reject: (task, error) => this.#lifecycle.reject(task, error),
      onNoHosts: this.#onNoHosts,
      onError: this.#onError,
    });
    this.#sizes = new ChunkSizes(options.chunkSize);
    this.#inFlight = new ChunksInFlight(options.maxWaitingBytes);
    this.#queue = new ChunkQueue(this.#getChunkSize, (task) => tracing.tasks?.onQueued(task));
    this.#maps = new Maps(this.#lifecycle, {
      addMap: (map) => this.#queue.addMap(map),
      removeMap: (map) => this.#queue.removeMap(map),
      onItems: () => this.#schedule(),
    });
  }

  #watchHosts(): HostWatch {
    const { queue, hostTimeout } = this.#options;
    return new HostWatch(hostTimeout, {
      isWaiting: () => this.#endReason === undefined && this.#inFlight.tasks > 0,
      isConnected: () => this.#shards.isAnswering,
      ask: () => void this.#shards.ask().catch(this.#onError),
      onNoHosts: this.#onNoHosts,
      onTimeout: () => {
        const reason = `no host of the queue ${queue} has answered for ${hostTimeout} ms (hostTimeout)`;
        this.#rejectAll(new QueueError(`${reason}; start a host, or check the name of the queue`));
      },
    });
  }

  apply<R>(job: Job, args: readonly unknown[], options: CallOptions | undefined): Promise<R> {
    this.#references.get(job.fn, job.address);
    const promise = Call.start<R>(this.#lifecycle.openTask(), job, args, options, (call) => this.#enqueue(call));
    if (options?.signal !== undefined) this.#lifecycle.cancelWith(options.signal, promise);
    return promise;
  }

  map<R>(order: Omit<MapOrder, 'slots' | 'maxWaitingBytes'>): PoolResult<R> {
    this.#references.get(order.job.fn, order.job.address);
    const result = this.#maps.start<R>({
      ...order,
      slots: STREAM_SLOTS,
      maxWaitingBytes: this.#options.maxWaitingBytes,
    });
    this.#schedule();
    return result;
  }

  /** @throws {@link TaskNotFoundError} */
  broadcast<R>(job: Job, args: readonly unknown[], signal: AbortSignal | undefined): Promise<R[]> {
    this.#references.get(job.fn, job.address);
    const promise = Call.start<R[]>(this.#lifecycle.openTask(), job, args, { signal }, (call) => {
      this.#tracing.tasks?.onQueued(call);
      const chunk = new Chunk('', call, true);
      const { body, failed } = encodeChunk(chunk, this.#options.maxValueSize);
      for (const [task, error] of failed) this.#lifecycle.reject(task, error);
      if (failed.length === 0) this.#broadcasts.start(call, this.#createMessage(chunk, body));
    });
    if (signal !== undefined) this.#lifecycle.cancelWith(signal, promise);
    return promise;
  }

  /** @throws (rejects) if the pool has ended before. */
  async ready(): Promise<void> {
    await Promise.race([this.#shards.ready(), this.ended]);
    if (this.#endReason !== undefined) throw this.#endReason;
  }

  ignorePace(): void {
    this.#maps.ignorePace();
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    this.#lifecycle.onceSettled(() => this.#end(new InvalidStateError('the pool was closed')));
  }

  terminate(): void {
    this.#isClosed = true;
    const error = new PoolTerminatedError();
    this.#rejectAll(error);
    this.#end(error);
  }

  #end(reason: Error): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    clearInterval(this.#checkTimer);
    clearTimeout(this.#partialTimer);
    this.#hosts.stop();
    this.#watchedHosts.end();
    this.#broadcasts.stop();
    void this.#shards.close(this.#cancelling).then(this.#onEnded);
    void this.ended.then(() => this.#maps.reportFailures());
  }

  stats(): DistributedPoolStats {
    const { done, failed } = this.#lifecycle;
    const sent = this.#inFlight.tasks + this.#broadcasts.count;
    return { queued: this.#queue.queued, sent, hosts: this.#inFlight.window.hosts, done, failed };
  }

  /** The view of a dashboard. */
  inspect(): InspectedPool {
    return new DistributedInspection({
      name: this.#options.queue,
      // Its type does not say that an emitter of further events also emits these.
      events: this.#events as unknown as InspectedPool['events'],
      ended: this.ended,
      maps: this.#maps,
      hosts: this.#watchedHosts,
      count: () => {
        const { queued, sent: running, done, failed } = this.stats();
        return { queued, running, done, failed, retried: this.#lifecycle.retried };
      },
      isClosed: () => this.#isClosed,
      getLatency: () => this.#shards.roundTrip,
    });
  }

  #enqueue(task: Task): void {
    this.#queue.addCall(task);
    this.#schedule();
  }

  /** All calls of one turn of the event loop are sent together, at its end. */
  #schedule(): void {
    if (this.#endReason === undefined) this.#scheduleSend();
  }

  readonly #scheduleSend = oncePerTick(() => {
    if (this.#shards.isReady) this.#dispatch();
    else if (!this.#lifecycle.isSettled) this.#shards.open();
  });

  #onReady(): void {
    if (this.#endReason !== undefined) return;
    this.#checkTimer ??= setInterval(() => void this.#resendLost(), this.#options.leaseDuration / 2);
    this.#schedule();
  }

  /** The hosts have dropped everything that was sent through this shard. */
  #resendAll(shard: number): void {
    for (const tasks of this.#inFlight.takeAll(shard)) this.#resend(tasks, false);
    this.#schedule();
  }

  readonly #onNoHosts = (): void => {
    callListener(() => this.#events.emit('noHosts', this.#options.queue));
  };

  readonly #onError = (error: Error): void => {
    if (this.#endReason === undefined) callListener(() => this.#events.emit('connectionError', error));
  };

  /** Rejects all calls so far. A later call connects again. */
  #rejectAll(error: unknown): void {
    clearInterval(this.#checkTimer);
    this.#checkTimer = undefined;
    this.#maps.cancelAll(error);
    this.#lifecycle.rejectAll(error);
  }

  /** @param mayWait - whether partial chunks may wait for further items. */
  #dispatch(mayWait = true): void {
    const outgoing = new Map<number, { session: Session; chunks: OutgoingChunk[] }>();
    while (this.#inFlight.hasRoom) {
      const chosen = this.#shards.choose((shard) => this.#inFlight.count(shard));
      if (chosen === undefined) break;
      const { shard, session } = chosen;
      const chunk = this.#queue.next(() => session.nextId(), mayWait && this.#inFlight.window.isBusy);
      if (chunk === undefined) break;
      const encoded = this.#encode(chunk, shard);
      if (encoded === undefined) continue;
      const { chunks = [] } = outgoing.get(shard) ?? {};
      outgoing.set(shard, { session, chunks: [...chunks, encoded] });
    }
    if (this.#queue.hasPartial) this.#partialTimer ??= setTimeout(() => this.#sendPartial(), PARTIAL_DELAY);
    if (outgoing.size > 0) this.#hosts.begin();
    for (const [shard, { session, chunks }] of outgoing) {
      void this.#shards.send(shard, session, chunks);
    }
  }

  /** @returns `undefined` if none of its tasks can be serialized. */
  #encode(chunk: Chunk, shard: number): OutgoingChunk | undefined {
    const { body, size, failed, excess } = encodeChunk(chunk, this.#options.maxValueSize);
    if (excess.length > 0) this.#queue.putBack(excess, false);
    for (const [task, error] of failed) this.#lifecycle.reject(task, error);
    if (chunk.tasks.size === 0) return undefined;
    const { priority } = chunk.job;
    chunk.id = addTaskCount(chunk.id, chunk.tasks.size);
    this.#inFlight.add(chunk, size, shard);
    return {
      id: chunk.id,
      priority: toPriority(priority, chunk.isCall),
      message: this.#createMessage(chunk, body),
    };
  }

  #createMessage({ job, runs }: Chunk, body: string): OutgoingChunk['message'] {
    const { fn, address, timeout, retries } = job;
    return {
      pool: this.#id,
      ...(runs > 0 && { runs }),
      ...this.#references.get(fn, address),
      ...(timeout !== HOST_DECIDES && { timeout }),
      ...(retries !== HOST_DECIDES && { retries }),
      body,
    };
  }

  #sendPartial(): void {
    this.#partialTimer = undefined;
    this.#dispatch(false);
  }

  #onResults(results: ResultsMessage, shard: number): void {
    const { host, slots, roundTrip, state, times, lost, returned, refused, body } = results;
    this.#hosts.onAnswer();
    if (state !== undefined) this.#watchedHosts.onAnswer(host, state);
    this.#inFlight.window.see(host, slots, roundTrip);
    for (const [id, time] of times) {
      const chunk = this.#inFlight.get(id);
      if (chunk !== undefined) this.#sizes.learn(chunk.job.fn, time, slots, roundTrip);
    }
    const messages = readBody(body);
    this.#learnSizes(messages, body.length);
    for (const message of messages) this.#accept(message, host);
    this.#broadcasts.onMessage(results, shard);
    this.#queue.putBack(this.#inFlight.takeTasks(returned), false);
    for (const [id, deaths] of lost) this.#onChunkLost(id, deaths);
    for (const [id, reason] of refused) this.#failChunk(id, new ProtocolError(`host ${host}: ${reason}`));
    this.#schedule();
  }

  /** Results that arrive together count as equally large. */
  #learnSizes(messages: readonly Message[], size: number): void {
    const functions = new Set<AnyFunction>();
    let results = 0;
    for (const message of messages) {
      results += message[0] === RESULT ? message[2].length : 1;
      const task = this.#inFlight.peek(message[1] as number);
      if (task !== undefined) functions.add(task.job.fn);
    }
    for (const fn of functions) this.#inFlight.results.learn(fn, size / results);
  }

  readonly #getChunkSize: GetChunkSize = (fn, remaining) =>
    Math.min(this.#sizes.get(fn, remaining, this.#inFlight.window), this.#inFlight.results.maxTasks(fn));

  #accept(message: Message, host: string): void {
    switch (message[0]) {
      case RESULT: {
        const [, firstId, values] = message;
        values.forEach((value, index) => {
          const task = this.#inFlight.take(firstId + index);
          if (task !== undefined) this.#lifecycle.succeed(task, value);
          else this.#broadcasts.get(firstId + index)?.succeed(host, value);
        });
        return;
      }
      case FAILURE: {
        const task = this.#inFlight.take(message[1]);
        if (task !== undefined) this.#lifecycle.reject(task, message[2]);
        else this.#broadcasts.get(message[1])?.fail(host, message[2]);
        return;
      }
      case PROGRESS:
        this.#inFlight.peek(message[1])?.report(message[2]);
    }
  }

  #failChunk(id: string, error: unknown): void {
    for (const task of this.#inFlight.takeChunk(id)) this.#lifecycle.reject(task, error);
  }

  /** The hosts of a chunk died repeatedly, perhaps because of one of its tasks: each task is sent again, alone. */
  #onChunkLost(id: string, hosts: number): void {
    const [only, ...others] = this.#inFlight.takeChunk(id);
    if (only === undefined) return;
    if (others.length > 0) this.#resend([only, ...others], true, hosts);
    else this.#lifecycle.reject(only, new HostLostError(only.job.fn.name || 'a task'));
  }

  /** @param runs - how often hosts may have run them since they were sent. */
  #resend(tasks: readonly Task[], alone: boolean, runs = 1): void {
    for (const task of tasks) task.origin = { pool: this.#id, id: task.id, runs: (task.origin?.runs ?? 0) + runs };
    this.#queue.putBack(tasks, alone);
  }

  /** Finds chunks that the datastores lost: after a restart one may lack what it accepted shortly before. */
  async #resendLost(): Promise<void> {
    const shards = this.#options.shards.map((_, shard) => this.#resendLostOf(shard));
    for (const { reason } of (await Promise.allSettled(shards)).filter((each) => each.status === 'rejected')) {
      this.#onError(reason);
    }
  }

  async #resendLostOf(shard: number): Promise<void> {
    const session = this.#shards.session(shard);
    if (session === undefined || this.#inFlight.count(shard) === 0) return;
    const missing = await session.findMissing(this.#inFlight.idsOf(shard));
    for (const id of this.#inFlight.noteMissing(shard, missing)) {
      const reason = missing.get(id);
      if (reason === undefined) this.#resend(this.#inFlight.takeChunk(id), false);
      else this.#failChunk(id, new ProtocolError(`a host rejected the chunk: ${reason}`));
    }
    this.#schedule();
  }

  /** Cancels queued and sent tasks. Hosts drop every chunk that contains one of them. */
  #cancel(isWanted: (task: Task) => boolean): Task[] {
    const waiting = this.#queue.cancel(isWanted);
    const found = this.#inFlight.find(isWanted);
    const { tasks: broadcasts, cancelling } = this.#broadcasts.cancel(isWanted);
    if (found.size > 0 || broadcasts.length > 0) {
      const all = [...found].map(([shard, ids]) => this.#shards.session(shard)?.cancel(ids).catch(this.#onError));
      this.#cancelling = Promise.all([...all, ...cancelling]);
    }
    this.#schedule();
    return [...waiting, ...broadcasts, ...[...found.values()].flat().flatMap((id) => this.#inFlight.takeChunk(id))];
  }
}
