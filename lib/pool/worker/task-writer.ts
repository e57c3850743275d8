import { completeAddress } from '../../functions/address/address.js';
import type { Connection } from '../../process/connection.js';
import { ADDRESS, ATTEMPT, CANCEL, CONTEXT, CREDIT, KEYS, STREAM } from '../../protocol/messages.js';
import { StreamTask } from '../stream/stream-task.js';
import type { Job } from '../task/job.js';
import type { Task } from '../task/task.js';
import type { Tracing } from '../tracing/tracing.js';
import { type InFlight, type SentFunction, waysOf } from './in-flight.js';

/** Writes tasks for a child, each with what the child must know before it begins. Nothing is sent before the next flush. */
export class TaskWriter {
  readonly #connection: Connection;
  readonly #inFlight: InFlight;
  readonly #tracing: Tracing;
  readonly #pool: string;
  /** What the child derives the keys of the next tasks from. */
  #keyPool: string;
  #keyOffset = 0;

  /** @param pool - the id of the pool, from which keys are derived unless a task says otherwise. */
  constructor(connection: Connection, inFlight: InFlight, tracing: Tracing, pool: string) {
    this.#connection = connection;
    this.#inFlight = inFlight;
    this.#tracing = tracing;
    this.#pool = pool;
    this.#keyPool = pool;
  }

  /**
   * @returns the function of the task, as the child knows it.
   * @throws {@link SerializationError} if its arguments cannot be sent, {@link TaskNotFoundError} if its function cannot
   * be found; nothing is sent then.
   */
  write(task: Task): SentFunction {
    const fn = this.introduce(task.job);
    const { channel } = this.#connection;
    const isPlain =
      task.history === undefined &&
      task.origin === undefined &&
      task.job.caller === undefined &&
      !(task instanceof StreamTask);
    if (!isPlain) this.#announce(task);
    if (!isPlain || this.#hasOtherKeys) this.#announceKey(task);
    try {
      channel.postTask(task.id, fn.id, task.args, task.job.asViews);
    } catch (error) {
      if (!isPlain) channel.post([CANCEL, task.id]);
      throw error;
    }
    return fn;
  }

  /** Each function crosses the pipe once; then its number stands for it. */
  introduce(job: Job): SentFunction {
    const known = this.#inFlight.getFunction(job);
    if (known !== undefined) return known;
    completeAddress(job.address);
    const fn = this.#inFlight.addFunction(job);
    if (job.asViews) this.#connection.allowViews();
    this.#connection.channel.post([ADDRESS, fn.id, waysOf(job), job.address]);
    return fn;
  }

  /** Sends the context, the attempt or the stream window of the task that follows. */
  #announce(task: Task): void {
    const { channel } = this.#connection;
    const context = this.#tracing.tasks?.contextOf(task) ?? task.job.caller?.context;
    if (context !== undefined) channel.post([CONTEXT, task.id, context]);
    if (task.totalAttempt > 1) channel.post([ATTEMPT, task.id, task.totalAttempt]);
    if (!(task instanceof StreamTask)) return;
    channel.post([STREAM, task.id, task.window]);
    task.onSent((items) => {
      channel.post([CREDIT, task.id, items]);
      channel.flush();
    });
  }

  /** Tasks of a chunk, and plain ones, have the same pool and the same offset between id and key: one message does for them. */
  #announceKey(task: Task): void {
    const pool = task.origin?.pool ?? this.#pool;
    const offset = task.keyId - task.id;
    if (pool === this.#keyPool && offset === this.#keyOffset) return;
    this.#keyPool = pool;
    this.#keyOffset = offset;
    this.#connection.channel.post([KEYS, offset, pool]);
  }

  get #hasOtherKeys(): boolean {
    return this.#keyOffset !== 0 || this.#keyPool !== this.#pool;
  }
}
