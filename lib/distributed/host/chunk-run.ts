import type { Job as BullMQJob } from 'bullmq';
import { ProtocolError } from '../../errors.js';
import type { ApplyOptions } from '../../pool/options/call-options.js';
import type { Pool } from '../../pool/pool.js';
import type { AnyFunction } from '../../pool/task/job.js';
import { TASK } from '../../protocol/messages.js';
import { sleep } from '../../util/clock.js';
import { createEncoder, maxBodyFor, readBody, takeBody } from '../wire/body.js';
import { type ChunkMessage, MAX_CHUNK, readCaller, readChunk } from '../wire/messages.js';
import { fromPriority } from '../wire/priority.js';
import type { AllowedFunctions } from './allowed-functions.js';
import type { CallerLeases } from './caller-leases.js';
import type { Capacity } from './capacity.js';
import type { ResultSender } from './result-sender.js';
import type { TaskTimes } from './task-times.js';

/** How long a host keeps a chunk that it has declined before, in milliseconds, and how often a chunk is offered. */
const OFFER_DELAY = 250;
const MAX_OFFERS = 240;

/** Why a closing host does not begin a task. */
export const HOST_IS_CLOSING = new Error('the host is closing');

/** The part of a host that a {@link ChunkRun} uses. */
export interface ChunkRunContext {
  host: string;
  pool: Pool;
  functions: AllowedFunctions;
  leases: CallerLeases;
  capacity: Capacity;
  times: TaskTimes;
  maxValueSize: number;
  resultSenderOf(caller: string): ResultSender;
  /** The names of the hosts that are connected to the queue. */
  listHosts(): Promise<string[]>;
  /** Whether the queue has a rate limit. */
  readonly isLimited: boolean;
  /** A chunk has begun, or has ended without. Called once for each. */
  onArrived(): void;
  /** Called before the tasks of a chunk begin. */
  onBegin(tasks: number): Promise<void>;
  /** Called when a task has settled. */
  onDone(failed: boolean): void;
  /** Called when a task has ended, with the time that it occupied a slot, in milliseconds. */
  onTaskEnd(time: number): void;
}

/** Runs one chunk on the pool of a host. */
export class ChunkRun {
  readonly #job: BullMQJob;
  readonly #context: ChunkRunContext;
  readonly #abort = new AbortController();
  readonly #unsettled = new Map<number, readonly unknown[]>();
  #chunk: ChunkMessage | undefined;
  #isClosing = false;
  #isRequeued = false;
  #hasBegun = false;
  /** The time that its tasks have occupied slots of the host, in milliseconds. */
  #occupied = 0;

  constructor(job: BullMQJob, context: ChunkRunContext) {
    this.#job = job;
    this.#context = context;
  }

  /** Whether unfinished tasks must go back to the queue. */
  get needsRequeue(): boolean {
    return this.#isRequeued && (this.#chunk === undefined || this.#unsettled.size > 0);
  }

  /** The chunk with its unfinished tasks. */
  get remainder(): ChunkMessage | undefined {
    if (this.#chunk === undefined) return undefined;
    const encoder = createEncoder();
    for (const [id, args] of this.#unsettled) encoder.addTask(id, 0, args);
    // The job keeps its own count of the hosts that it lost.
    const runs = (this.#chunk.runs ?? 0) + (this.#hasBegun ? 1 : 0);
    return { ...this.#chunk, runs, body: takeBody(encoder) };
  }

  /** How often its tasks may have run before. */
  get #runs(): number {
    return (this.#chunk?.runs ?? 0) + this.#job.stalledCounter;
  }

  /** Cancels its tasks: the caller is gone, or has cancelled the chunk. */
  abort(): void {
    this.#abort.abort(new DOMException('the caller is gone or has cancelled the task', 'AbortError'));
  }

  /** The host is closing: no further task begins. */
  close(): void {
    this.#isClosing = true;
  }

  /** Cancels its tasks, and leaves the unfinished ones to other hosts. */
  requeue(): void {
    this.#isRequeued = true;
    this.abort();
  }

  /** @returns the reason if the job is invalid. */
  async run(): Promise<ProtocolError | undefined> {
    try {
      return await this.#read();
    } finally {
      if (!this.#hasBegun) this.#context.onArrived();
    }
  }

  async #read(): Promise<ProtocolError | undefined> {
    const { leases } = this.#context;
    let from: Pick<ChunkMessage, 'caller' | 'lease'>;
    try {
      from = readCaller(this.#job.data);
    } catch (error) {
      // The caller is unknown, so only the host reports the error.
      return error as ProtocolError;
    }
    const { caller, lease } = from;
    leases.hold(caller, lease, this, () => this.abort());
    try {
      if (!(await leases.isAlive(caller, lease)) || this.#abort.signal.aborted) return undefined;
      return await this.#runFor(this.#context.resultSenderOf(caller));
    } finally {
      leases.release(caller, this);
    }
  }

  async #runFor(resultSender: ResultSender): Promise<ProtocolError | undefined> {
    const { data, deferredFailure } = this.#job;
    const id = this.#job.id as string;
    if (deferredFailure !== undefined) {
      await resultSender.lose(id, this.#job.stalledCounter);
      return undefined;
    }
    let chunk: ChunkMessage;
    let tasks: [id: number, args: readonly unknown[]][];
    try {
      chunk = readChunk(data, maxBodyFor(this.#context.maxValueSize));
      tasks = readTasks(chunk.body);
    } catch (error) {
      await resultSender.refuse(id, (error as Error).message);
      return error as ProtocolError;
    }
    resultSender.limitValues(chunk.maxValueSize);
    await this.#runTasks(chunk, tasks, resultSender);
    return undefined;
  }

  async #runTasks(
    chunk: ChunkMessage,
    tasks: [id: number, args: readonly unknown[]][],
    resultSender: ResultSender,
  ): Promise<void> {
    const { functions, capacity, times, host } = this.#context;
    if (this.#isClosing) {
      this.#isRequeued = true;
      return;
    }
    this.#chunk = chunk;
    let fn: AnyFunction;
    try {
      fn = functions.find(chunk, host);
    } catch (error) {
      if (await this.#offer(chunk, tasks)) return resultSender.flush();
      for (const [id] of tasks) this.#settle(() => resultSender.fail(id, error), true);
      return resultSender.finish(this.#job.id as string, 0);
    }
    await this.#context.onBegin(tasks.length);
    this.#hasBegun = true;
    this.#context.onArrived();
    capacity.begin(tasks.length);
    const begun = times.begin(tasks.length);
    for (const [id, args] of tasks) this.#unsettled.set(id, args);
    await Promise.all(tasks.map(([id, args]) => this.#runTask(fn, id, args, begun, resultSender)));
    if (this.#isRequeued) return resultSender.flush();
    if (this.#abort.signal.aborted) return;
    // Tasks with a rate limit stay in chunks of one, which BullMQ counts.
    if (this.#context.isLimited) await resultSender.flush();
    else await resultSender.finish(this.#job.id as string, this.#occupied / tasks.length);
  }

  /**
   * Leaves a chunk whose function this host does not know to hosts that may: while code is rolled out, some have a newer
   * version.
   *
   * @returns `false` if all hosts have declined it.
   */
  async #offer(chunk: ChunkMessage, tasks: [id: number, args: readonly unknown[]][]): Promise<boolean> {
    const { host, listHosts } = this.#context;
    const { declined = [], offers = 0 } = chunk;
    const isSecond = declined.includes(host);
    const all = isSecond ? declined : [...declined, host];
    if (offers >= MAX_OFFERS || all.length >= MAX_CHUNK) return false;
    const others = await listHosts();
    // PostgreSQL cuts long names off.
    if (others.every((other) => all.some((name) => name.startsWith(other)))) return false;
    // The others are busy: this host must not get it again at once.
    if (isSecond) await sleep(OFFER_DELAY);
    this.#chunk = { ...chunk, declined: all, offers: offers + 1 };
    for (const [id, args] of tasks) this.#unsettled.set(id, args);
    this.requeue();
    return true;
  }

  async #runTask(
    fn: AnyFunction,
    id: number,
    args: readonly unknown[],
    begun: number,
    resultSender: ResultSender,
  ): Promise<void> {
    const { pool, times } = this.#context;
    const { pool: caller, timeout, retries } = this.#chunk as ChunkMessage;
    const options: ApplyOptions = {
      signal: this.#abort.signal,
      priority: fromPriority(this.#job.priority),
      onProgress: (progress) => resultSender.report(id, progress),
      ...(timeout !== undefined && { timeout }),
      ...(retries !== undefined && { retries }),
    };
    try {
      const value = await pool.applyFrom({ pool: caller, id, runs: this.#runs }, fn, args, options);
      this.#settle(() => resultSender.succeed(id, value), false, id);
    } catch (error) {
      if (error === HOST_IS_CLOSING) this.#giveBack(id, resultSender);
      else if (!this.#abort.signal.aborted) this.#settle(() => resultSender.fail(id, error), true, id);
    }
    const time = times.end(begun);
    this.#occupied += time;
    this.#context.onTaskEnd(time);
  }

  #giveBack(id: number, resultSender: ResultSender): void {
    this.#unsettled.delete(id);
    resultSender.giveBack(id);
  }

  #settle(send: () => void, failed: boolean, id?: number): void {
    if (id !== undefined) this.#unsettled.delete(id);
    this.#context.onDone(failed);
    send();
  }
}

/** @throws {@link ProtocolError} */
export function readTasks(body: string): [id: number, args: readonly unknown[]][] {
  const tasks: [number, readonly unknown[]][] = [];
  for (const message of readBody(body)) {
    if (message[0] !== TASK)
      throw new ProtocolError(`received an invalid chunk: unexpected message of kind ${message[0]}`);
    const [, firstId, , lists] = message;
    if (!Number.isSafeInteger(firstId))
      throw new ProtocolError('received an invalid chunk: a task id must be an integer');
    for (const [index, args] of lists.entries()) {
      if (!Array.isArray(args))
        throw new ProtocolError('received an invalid chunk: the arguments of a task must be an array');
      tasks.push([firstId + index, args]);
    }
  }
  if (tasks.length === 0 || tasks.length > MAX_CHUNK)
    throw new ProtocolError(`received an invalid chunk of ${tasks.length} tasks; expected 1 to ${MAX_CHUNK}`);
  return tasks;
}
