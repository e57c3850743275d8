import type { EventEmitter } from 'eventemitter3';
import { HostLostError, InvalidStateError, PoolTerminatedError, ProtocolError } from '../errors.js';
import { FAILURE, type Message, PROGRESS, RESULT } from '../ipc/messages.js';
import type { PoolEvents } from '../observe/events.js';
import type { Backend } from '../pool/base-pool.js';
import { Call, type CallOptions } from '../pool/call.js';
import { callListener } from '../pool/call-listener.js';
import type { Job } from '../pool/job.js';
import { Ledger } from '../pool/ledger.js';
import { Maps } from '../pool/maps.js';
import type { MapOrder } from '../pool/pool-map.js';
import type { PoolResult } from '../pool/pool-result.js';
import { RoundRobin } from '../pool/scheduler.js';
import type { Task } from '../pool/task.js';
import type { Watch } from '../pool/watch.js';
import { Signals } from '../signals.js';
import { clearInterval, clearTimeout, nextTick, setInterval, setTimeout } from '../util/clock.js';
import { type Chunk, writeChunk } from './chunk.js';
import { ChunkSizes } from './chunk-size.js';
import { ChunkSource } from './chunk-source.js';
import { FunctionNames } from './function-name.js';
import { Link } from './link.js';
import type { Results } from './messages.js';
import { HOST_DECIDES, type ReadDistributedPoolOptions } from './options.js';
import { readBody } from './payload.js';
import { SentChunks } from './sent-chunks.js';
import type { Parcel, Session } from './session.js';
import type { ConnectionEvents, DistributedPoolStats } from './types.js';

/** The results over a stream that may wait for their consumer are four times as many. */
const STREAM_SLOTS = 16 * 1024;
/** How long a chunk waits for items that come one by one, in milliseconds. */
const MAX_WAIT = 20;
/** BullMQ's priorities, of which 1 comes first. */
const MIDDLE = 2 ** 20;

const all = () => true;

/** Brings the tasks of a distributed pool to the datastore in chunks, and what becomes of them back to their callers. */
export class Caller implements Backend {
  readonly #options: ReadDistributedPoolOptions;
  readonly #names: FunctionNames;
  readonly #events: EventEmitter<PoolEvents & ConnectionEvents>;
  readonly #ledger: Ledger;
  readonly #sizes: ChunkSizes;
  readonly #source: ChunkSource;
  readonly #signals = new Signals<Promise<unknown>>((signal) => this.#cancel(signal, signal.reason));
  readonly #maps: Maps;
  readonly #sent = new SentChunks();
  readonly #link: Link;
  readonly ended: Promise<void>;
  #onEnded!: () => void;
  #audit: NodeJS.Timeout | undefined;
  /** Why it has left, or leaves. */
  #left: Error | undefined;
  #scheduled = false;
  #patience: NodeJS.Timeout | undefined;
  #farewell: Promise<void> | undefined;
  #lastId = 0;

  constructor(options: ReadDistributedPoolOptions, events: EventEmitter<PoolEvents & ConnectionEvents>, watch: Watch) {
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
    this.#options = options;
    this.#names = new FunctionNames(options.root);
    this.#events = events;
    this.#ledger = new Ledger(new RoundRobin(), events, watch);
    this.#link = new Link(options, {
      onReady: () => this.#onReady(),
      onResults: (results) => this.#onResults(results),
      onLost: () => this.#sendAgain(),
      onFailed: (error) => this.#giveUp(error),
      onError: this.#onError,
    });
    this.#sizes = new ChunkSizes(options.chunkSize);
    this.#source = new ChunkSource(this.#sizes, (task) => watch.tasks?.onQueued(task));
    this.#maps = new Maps(this.#ledger, this.#source, {
      nextId: () => this.#nextId(),
      onRoom: () => this.#schedule(),
      onCancel: (map, reason) => this.#cancel(map, reason),
    });
  }

  apply<R>(job: Job, args: readonly unknown[], options: CallOptions | undefined): Promise<R> {
    this.#names.get(job.fn, job.address);
    const promise = Call.start<R>(this.#nextId(), job, args, options, (call) => this.#source.addCall(call));
    this.#schedule();
    if (options?.signal !== undefined) this.#signals.watchPromise(options.signal, promise);
    return promise;
  }

  map<R>(order: Omit<MapOrder, 'slots'>): PoolResult<R> {
    this.#names.get(order.job.fn, order.job.address);
    const result = this.#maps.start<R>({ ...order, slots: STREAM_SLOTS });
    this.#schedule();
    return result;
  }

  /** @throws (rejects) if the pool has ended before. */
  async ready(): Promise<void> {
    await Promise.race([this.#link.ready(), this.ended]);
    if (this.#left !== undefined) throw this.#left;
  }

  ignorePace(): void {
    this.#maps.ignorePace();
    this.#schedule();
  }

  close(): void {
    this.#ledger.onceSettled(() => this.#leave(new InvalidStateError('the pool was closed')));
  }

  terminate(): void {
    const error = new PoolTerminatedError();
    this.#giveUp(error);
    this.#leave(error);
  }

  #leave(reason: Error): void {
    if (this.#left !== undefined) return;
    this.#left = reason;
    clearInterval(this.#audit);
    clearTimeout(this.#patience);
    void this.#link.leave(this.#farewell).then(this.#onEnded);
    void this.ended.then(() => this.#maps.reportFailures());
  }

  stats(): DistributedPoolStats {
    const { done, failed } = this.#ledger;
    return { queued: this.#source.queued, sent: this.#sent.tasks, hosts: this.#sent.window.hosts, done, failed };
  }

  #nextId(): number {
    this.#ledger.open();
    return ++this.#lastId;
  }

  /** Everything that is asked for in this turn of the program is sent together, at its end. */
  #schedule(): void {
    if (this.#scheduled || this.#left !== undefined) return;
    this.#scheduled = true;
    nextTick(() => {
      this.#scheduled = false;
      if (this.#link.session !== undefined) this.#dispatch(this.#link.session);
      else if (!this.#ledger.isSettled) this.#link.open();
    });
  }

  #onReady(): void {
    if (this.#left !== undefined) return;
    this.#audit ??= setInterval(() => void this.#checkSent().catch(this.#onError), this.#options.leaseDuration / 2);
    this.#schedule();
  }

  /** The hosts have dropped what was sent. */
  #sendAgain(): void {
    for (const tasks of this.#sent.takeAll()) this.#source.giveBack(tasks, false);
  }

  readonly #onError = (error: Error): void => {
    if (this.#left === undefined) callListener(() => this.#events.emit('connectionError', error));
  };

  /** What is asked for later tries again. */
  #giveUp(error: unknown): void {
    clearInterval(this.#audit);
    this.#audit = undefined;
    this.#maps.cancel(error);
    this.#takeBack(all, (task) => this.#ledger.fail(task, error));
  }

  /** @param mayWait - whether chunks may wait for items that have not come yet. */
  #dispatch(session: Session, mayWait = true): void {
    const parcels: Parcel[] = [];
    while (this.#sent.window.hasRoom) {
      const chunk = this.#source.next(() => session.nextId(), mayWait && this.#sent.window.isBusy);
      if (chunk === undefined) break;
      const parcel = this.#pack(chunk);
      if (parcel !== undefined) parcels.push(parcel);
    }
    if (this.#source.hasPartial) this.#patience ??= setTimeout(() => this.#losePatience(), MAX_WAIT);
    if (parcels.length === 0) return;
    session.send(parcels).catch((error: unknown) => this.#onUnsent(parcels, error));
  }

  /** @returns nothing if none of its tasks can travel. */
  #pack(chunk: Chunk): Parcel | undefined {
    const { body, size, failed, left } = writeChunk(chunk, this.#options.maxValueSize);
    if (left.length > 0) this.#source.giveBack(left, false);
    for (const [task, error] of failed) this.#ledger.fail(task, error);
    if (chunk.tasks.size === 0) return undefined;
    const { fn, address, timeout, retries, priority } = chunk.job;
    this.#sent.add(chunk, size);
    return {
      id: chunk.id,
      priority: toPriority(priority, chunk.isCall),
      message: {
        ...this.#names.get(fn, address),
        ...(timeout !== HOST_DECIDES && { timeout }),
        ...(retries !== HOST_DECIDES && { retries }),
        body,
      },
    };
  }

  #losePatience(): void {
    this.#patience = undefined;
    if (this.#link.session !== undefined) this.#dispatch(this.#link.session, false);
  }

  #onUnsent(parcels: readonly Parcel[], error: unknown): void {
    for (const { id } of parcels) this.#failChunk(id, error);
    this.#schedule();
  }

  #onResults({ host, slots, rates, lost, refused, body }: Results): void {
    this.#sent.window.see(host, slots);
    for (const [id, rate] of rates) {
      const chunk = this.#sent.get(id);
      if (chunk !== undefined) this.#sizes.learn(chunk.job.fn, rate);
    }
    for (const message of readBody(body)) this.#accept(message);
    for (const id of lost) this.#onChunkLost(id);
    for (const [id, reason] of refused) this.#failChunk(id, new ProtocolError(`host ${host}: ${reason}`));
    this.#schedule();
  }

  #accept(message: Message): void {
    switch (message[0]) {
      case RESULT: {
        const [, firstId, values] = message;
        values.forEach((value, index) => {
          const task = this.#sent.take(firstId + index);
          if (task !== undefined) this.#ledger.succeed(task, value);
        });
        return;
      }
      case FAILURE: {
        const task = this.#sent.take(message[1]);
        if (task !== undefined) this.#ledger.fail(task, message[2]);
        return;
      }
      case PROGRESS:
        this.#sent.peek(message[1])?.report(message[2]);
    }
  }

  #failChunk(id: string, error: unknown): void {
    for (const task of this.#sent.takeChunk(id)) this.#ledger.fail(task, error);
  }

  /** One task of it has taken hosts down, or none has and they were unlucky: each gets another chance, alone. */
  #onChunkLost(id: string): void {
    const [only, ...others] = this.#sent.takeChunk(id);
    if (only === undefined) return;
    if (others.length > 0) this.#source.giveBack([only, ...others], true);
    else this.#ledger.fail(only, new HostLostError(only.job.fn.name || 'a task'));
  }

  /** A datastore that was restarted may have forgotten what it had accepted a moment before. */
  async #checkSent(): Promise<void> {
    const { session } = this.#link;
    if (session === undefined || this.#sent.tasks === 0) return;
    const missing = await session.findMissing(this.#sent.ids);
    for (const id of this.#sent.noteMissing(missing)) {
      const reason = missing.get(id);
      if (reason === undefined) this.#source.giveBack(this.#sent.takeChunk(id), false);
      else this.#failChunk(id, new ProtocolError(`a host refused it: ${reason}`));
    }
    this.#schedule();
  }

  #cancel(group: object, reason: unknown): void {
    this.#takeBack(
      (task) => task.group === group,
      (task) => this.#ledger.cancel(task, reason),
    );
  }

  /** Takes tasks away from wherever they are. */
  #takeBack(isWanted: (task: Task) => boolean, settle: (task: Task) => void): void {
    const waiting = this.#source.remove(isWanted);
    const ids = this.#sent.find(isWanted);
    const tasks = [...waiting, ...ids.flatMap((id) => this.#sent.takeChunk(id))];
    if (ids.length > 0) this.#farewell = this.#link.session?.cancel(ids).catch(this.#onError);
    for (const task of tasks) settle(task);
    this.#schedule();
  }
}

/** Higher ones first, and calls before the items of maps. */
function toPriority(priority: number, isCall: boolean): number {
  const steps = Math.max(-MIDDLE / 2 + 1, Math.min(MIDDLE / 2 - 1, Math.round(priority)));
  return MIDDLE - 2 * steps - (isCall ? 1 : 0);
}
