import type { Job } from 'bullmq';
import { ProtocolError } from '../errors.js';
import { TASK } from '../ipc/messages.js';
import type { AnyFunction } from '../pool/job.js';
import type { Pool } from '../pool/pool.js';
import type { ApplyOptions } from '../pool/types.js';
import type { ExportedFunctions } from './exported-functions.js';
import type { Leases } from './leases.js';
import { type Chunk, MAX_CHUNK, readChunk, readSender } from './messages.js';
import type { Outbox } from './outbox.js';
import type { Pace } from './pace.js';
import { createEncoder, maxBodyFor, readBody, takeBody } from './payload.js';
import type { Rates } from './rates.js';

/** What a {@link ChunkRun} needs from its host. */
export interface ChunkRunContext {
  host: string;
  pool: Pool;
  functions: ExportedFunctions;
  leases: Leases;
  pace: Pace;
  rates: Rates;
  maxValueSize: number;
  outboxOf(caller: string): Outbox;
  /** A task has ended. */
  onDone(failed: boolean): void;
}

/** One chunk on its way through the pool of a host. */
export class ChunkRun {
  /** Resolves when nothing of it runs any more, and its results are sent. */
  readonly ended: Promise<void>;
  readonly #job: Job;
  readonly #context: ChunkRunContext;
  readonly #abort = new AbortController();
  readonly #unanswered = new Map<number, readonly unknown[]>();
  #chunk: Chunk | undefined;
  #givenBack = false;
  #onEnded!: () => void;

  constructor(job: Job, context: ChunkRunContext) {
    this.#job = job;
    this.#context = context;
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
  }

  /** Whether tasks are left that another host has to run. */
  get isGivenBack(): boolean {
    return this.#givenBack && this.#unanswered.size > 0;
  }

  /** What another host has to run. */
  get remainder(): Chunk | undefined {
    if (this.#chunk === undefined) return undefined;
    const encoder = createEncoder();
    for (const [id, args] of this.#unanswered) encoder.addTask(id, 0, args);
    return { ...this.#chunk, body: takeBody(encoder) };
  }

  /** Nobody wants its results any more. */
  abort(): void {
    this.#abort.abort(new DOMException('nobody waits for the results of this chunk any more', 'AbortError'));
  }

  /** Stops, and leaves what is not done to other hosts. */
  giveBack(): void {
    this.#givenBack = true;
    this.abort();
  }

  /** @returns why the job was refused, or nothing. */
  async run(): Promise<ProtocolError | undefined> {
    try {
      return await this.#read();
    } finally {
      this.#onEnded();
    }
  }

  async #read(): Promise<ProtocolError | undefined> {
    const { leases } = this.#context;
    let sender: Pick<Chunk, 'caller' | 'lease'>;
    try {
      sender = readSender(this.#job.data);
    } catch (error) {
      // There is nobody to tell.
      return error as ProtocolError;
    }
    const { caller, lease } = sender;
    leases.hold(caller, lease, this, () => this.abort());
    try {
      if (!(await leases.isAlive(caller, lease))) return undefined;
      return await this.#runFor(this.#context.outboxOf(caller));
    } finally {
      leases.release(caller, this);
    }
  }

  async #runFor(outbox: Outbox): Promise<ProtocolError | undefined> {
    const { data, deferredFailure } = this.#job;
    const id = this.#job.id as string;
    if (deferredFailure !== undefined) {
      await outbox.lose(id);
      return undefined;
    }
    let chunk: Chunk;
    let tasks: [id: number, args: readonly unknown[]][];
    try {
      chunk = readChunk(data, maxBodyFor(this.#context.maxValueSize));
      tasks = readTasks(chunk.body);
    } catch (error) {
      await outbox.refuse(id, (error as Error).message);
      return error as ProtocolError;
    }
    outbox.limitValues(chunk.maxValueSize);
    await this.#runTasks(chunk, tasks, outbox);
    return undefined;
  }

  async #runTasks(chunk: Chunk, tasks: [id: number, args: readonly unknown[]][], outbox: Outbox): Promise<void> {
    const { functions, pace, rates, host } = this.#context;
    this.#chunk = chunk;
    let fn: AnyFunction;
    try {
      fn = functions.find(chunk, host);
    } catch (error) {
      for (const [id] of tasks) this.#answer(() => outbox.fail(id, error), true);
      return outbox.finish(this.#job.id as string, 0);
    }
    const measure = rates.begin(fn);
    pace.begin(tasks.length);
    for (const [id, args] of tasks) this.#unanswered.set(id, args);
    await Promise.all(tasks.map(([id, args]) => this.#runTask(fn, id, args, chunk, outbox)));
    if (this.#givenBack) return outbox.flush();
    if (this.#abort.signal.aborted) return;
    await outbox.finish(this.#job.id as string, measure());
  }

  async #runTask(fn: AnyFunction, id: number, args: readonly unknown[], chunk: Chunk, outbox: Outbox): Promise<void> {
    const { pool, pace, rates } = this.#context;
    const options: ApplyOptions = {
      signal: this.#abort.signal,
      onProgress: (progress) => outbox.report(id, progress),
      ...(chunk.timeout !== undefined && { timeout: chunk.timeout }),
      ...(chunk.retries !== undefined && { retries: chunk.retries }),
    };
    try {
      const value = await pool.apply(fn as (...args: unknown[]) => unknown, args, options);
      this.#answer(() => outbox.succeed(id, value), false, id);
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#answer(() => outbox.fail(id, error), true, id);
    }
    pace.end();
    rates.count(fn);
  }

  #answer(tell: () => void, failed: boolean, id?: number): void {
    if (id !== undefined) this.#unanswered.delete(id);
    this.#context.onDone(failed);
    tell();
  }
}

/** @throws {@link ProtocolError} */
function readTasks(body: string): [id: number, args: readonly unknown[]][] {
  const tasks: [number, readonly unknown[]][] = [];
  for (const message of readBody(body)) {
    if (message[0] !== TASK) throw new ProtocolError(`a chunk has a message of kind ${message[0]}`);
    const [, firstId, , lists] = message;
    if (!Number.isSafeInteger(firstId)) throw new ProtocolError('the id of a task is no integer');
    for (const [index, args] of lists.entries()) {
      if (!Array.isArray(args)) throw new ProtocolError('the arguments of a task are no list');
      tasks.push([firstId + index, args]);
    }
  }
  if (tasks.length === 0 || tasks.length > MAX_CHUNK) throw new ProtocolError(`a chunk has ${tasks.length} tasks`);
  return tasks;
}
