import type { EventEmitter } from 'eventemitter3';
import { HostLostError, PoolTerminatedError, ProtocolError, QueueError } from '../errors.js';
import { FAILURE, type Message, PROGRESS, RESULT } from '../ipc/messages.js';
import { Call, type CallOptions } from '../pool/call.js';
import type { Job } from '../pool/job.js';
import { Ledger } from '../pool/ledger.js';
import { type MapOrder, PoolMap } from '../pool/pool-map.js';
import type { PoolResult } from '../pool/pool-result.js';
import { RoundRobin } from '../pool/scheduler.js';
import { Signals } from '../pool/signals.js';
import type { Task } from '../pool/task.js';
import type { Watch } from '../pool/watch.js';
import { type Chunk, writeChunk } from './chunk.js';
import { ChunkSizes } from './chunk-size.js';
import { ChunkSource } from './chunk-source.js';
import { Datastore, isSettledWithin } from './datastore.js';
import { nameFunction } from './function-name.js';
import type { Results } from './messages.js';
import { HOST_DECIDES, type ReadDistributedPoolOptions } from './options.js';
import { readBody } from './payload.js';
import { SentChunks } from './sent-chunks.js';
import { type Parcel, Session } from './session.js';
import type { DistributedPoolEvents, DistributedPoolStats } from './types.js';

/** The results over a stream that may wait for their consumer are four times as many. */
const STREAM_SLOTS = 16 * 1024;
/** A lost datastore may delay the end by so many milliseconds. */
const MAX_FAREWELL = 2000;
/** How long a chunk waits for items that come one by one, in milliseconds. */
const MAX_WAIT = 20;
/** BullMQ's priorities, of which 1 comes first. */
const MIDDLE = 2 ** 20;

const all = () => true;

/** Brings the tasks of a distributed pool to the datastore in chunks, and what becomes of them back to their callers. */
export class Caller {
  readonly #options: ReadDistributedPoolOptions;
  readonly #events: EventEmitter<DistributedPoolEvents>;
  readonly #ledger: Ledger;
  readonly #sizes: ChunkSizes;
  readonly #source: ChunkSource;
  readonly #signals = new Signals((signal) => this.#cancel(signal, signal.reason));
  readonly #maps = new Set<PoolMap<unknown>>();
  readonly #sent = new SentChunks();
  #store: Promise<Datastore> | undefined;
  #session: Session | undefined;
  #audit: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;
  #scheduled = false;
  #patience: NodeJS.Timeout | undefined;
  #farewell: Promise<void> | undefined;
  #lastId = 0;

  /** @param onSettled - everything that was asked for is answered. */
  constructor(
    options: ReadDistributedPoolOptions,
    events: EventEmitter<DistributedPoolEvents>,
    watch: Watch,
    onSettled: () => void,
  ) {
    this.#options = options;
    this.#events = events;
    this.#ledger = new Ledger(new RoundRobin(), events as never, watch, onSettled);
    this.#sizes = new ChunkSizes(options.chunkSize);
    this.#source = new ChunkSource(this.#sizes, (task) => watch.tasks?.onQueued(task));
  }

  get isSettled(): boolean {
    return this.#ledger.isSettled;
  }

  apply<R>(job: Job, args: readonly unknown[], options: CallOptions | undefined): Promise<R> {
    nameFunction(job.fn, job.address, this.#options.root);
    const promise = Call.start<R>(this.#nextId(), job, args, options, (call) => this.#source.addCall(call));
    this.#schedule();
    const signal = options?.signal;
    if (signal === undefined) return promise;
    this.#signals.watch(signal);
    const release = () => this.#signals.release(signal);
    promise.then(release, release);
    return promise;
  }

  map<R>(order: Omit<MapOrder, 'slots'>): PoolResult<R> {
    nameFunction(order.job.fn, order.job.address, this.#options.root);
    const map: PoolMap<R> = new PoolMap<R>(
      { ...order, slots: STREAM_SLOTS },
      {
        nextId: () => this.#nextId(),
        onRoom: () => this.#schedule(),
        onInputEnd: () => {
          this.#source.removeMap(map);
          this.#maps.delete(map);
          this.#ledger.close();
        },
        onCancel: (reason) => this.#cancel(map, reason),
      },
    );
    this.#ledger.open();
    this.#maps.add(map);
    this.#source.addMap(map);
    this.#schedule();
    map.checkEnd();
    return map.result;
  }

  /** Connects, if that was not done before. */
  async ready(): Promise<void> {
    const store = await this.#open();
    await store.ready();
  }

  /** Nobody may be there to take the results that set the pace of a map: does the work all the same. */
  ignorePace(): void {
    for (const map of this.#maps) map.result.takeAnyNumber();
    this.#schedule();
  }

  terminate(): void {
    const error = new PoolTerminatedError();
    for (const map of this.#maps) map.result.cancel(error);
    this.#takeBack(all, (task) => this.#ledger.fail(task, error));
  }

  /** Leaves the datastore. */
  end(): Promise<void> {
    this.#ended ??= this.#leave();
    return this.#ended;
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
    if (this.#scheduled || this.#ended !== undefined) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      if (this.#session?.isReady === true) this.#dispatch(this.#session);
      else if (!this.isSettled) void this.#open().catch((error: unknown) => this.#failAll(error));
    });
  }

  #open(): Promise<Datastore> {
    this.#store ??= this.#connect();
    return this.#store;
  }

  async #connect(): Promise<Datastore> {
    const store = await Datastore.open(this.#options, this.#onError);
    this.#startSession(store);
    this.#audit = setInterval(() => void this.#checkSent().catch(this.#onError), this.#options.leaseDuration / 2);
    return store;
  }

  #startSession(store: Datastore): void {
    const session = new Session(store, this.#options, {
      onResults: (results) => this.#onResults(results),
      onError: this.#onError,
      onLost: () => this.#onLost(store),
    });
    this.#session = session;
    session.start().then(
      () => this.#schedule(),
      (cause: unknown) => this.#failAll(new QueueError(`the datastore was not usable: ${String(cause)}`, { cause })),
    );
  }

  /** What the hosts have dropped is asked for again, under another name: the old one is dead to them. */
  #onLost(store: Datastore): void {
    for (const tasks of this.#sent.takeAll()) this.#source.giveBack(tasks, false);
    if (this.#ended === undefined) this.#startSession(store);
  }

  readonly #onError = (error: unknown): void => {
    if (this.#ended === undefined) this.#events.emit('connectionError', error as Error);
  };

  /** What is asked for later tries again. */
  #failAll(error: unknown): void {
    const store = this.#store;
    this.#store = undefined;
    this.#session = undefined;
    clearInterval(this.#audit);
    store?.then(
      (opened) => opened.close(),
      () => {},
    );
    for (const map of this.#maps) map.result.cancel(error);
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
        ...nameFunction(fn, address, this.#options.root),
        ...(timeout !== HOST_DECIDES && { timeout }),
        ...(retries !== HOST_DECIDES && { retries }),
        body,
      },
    };
  }

  #losePatience(): void {
    this.#patience = undefined;
    if (this.#session?.isReady === true) this.#dispatch(this.#session, false);
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
    const session = this.#session;
    if (session?.isReady !== true || this.#sent.tasks === 0) return;
    const missing = new Set(await session.findMissing(this.#sent.ids));
    for (const id of this.#sent.noteMissing(missing)) this.#source.giveBack(this.#sent.takeChunk(id), false);
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
    if (ids.length > 0) this.#farewell = this.#session?.cancel(ids).catch(this.#onError);
    for (const task of tasks) settle(task);
    this.#schedule();
  }

  async #leave(): Promise<void> {
    clearInterval(this.#audit);
    clearTimeout(this.#patience);
    const session = this.#session;
    session?.abandon();
    const store = await this.#store?.catch(() => undefined);
    if (store === undefined) return;
    if (session !== undefined) {
      const end = async () => {
        await this.#farewell;
        await session.end();
      };
      await isSettledWithin(
        end().catch(() => undefined),
        MAX_FAREWELL,
      );
    }
    await store.close();
  }
}

/** Higher ones first, and calls before the items of maps. */
function toPriority(priority: number, isCall: boolean): number {
  const steps = Math.max(-MIDDLE / 2 + 1, Math.min(MIDDLE / 2 - 1, Math.round(priority)));
  return MIDDLE - 2 * steps - (isCall ? 1 : 0);
}
