import { HostLostError, PoolTerminatedError, ProtocolError } from '../../errors.js';
import { maxBodyFor } from '../wire/body.js';
import { type BroadcastMessage, readBroadcast, readCaller } from '../wire/messages.js';
import { type ChunkRunContext, HOST_IS_CLOSING, readTasks } from './chunk-run.js';
import type { ResultSender } from './result-sender.js';

/** How many broadcasts a host remembers, so that one whose event arrives twice runs once. */
const MAX_SEEN = 1000;

/** What a {@link Broadcasts} needs of its shard. */
export interface BroadcastsContext
  extends Pick<ChunkRunContext, 'host' | 'pool' | 'functions' | 'leases' | 'maxValueSize' | 'resultSenderOf'> {
  /** Reads the job of a broadcast; `undefined` if its caller has removed it. */
  read(caller: string, id: string): Promise<unknown>;
  /** Whether its caller has cancelled the broadcast with this job. */
  isCancelled(id: string): boolean;
  isClosing(): boolean;
}

interface RunningBroadcast {
  readonly caller: string;
  /** The id of its task. */
  readonly task: number;
  readonly abort: AbortController;
}

/** Runs the broadcasts of callers: a function once in each process of the host. */
export class Broadcasts {
  readonly #context: BroadcastsContext;
  /** By the ids of their jobs. */
  readonly #running = new Map<string, RunningBroadcast>();
  /** The ids of the last jobs. */
  readonly #seen = new Set<string>();

  constructor(context: BroadcastsContext) {
    this.#context = context;
  }

  /** The broadcasts of a caller that run, by the ids of their tasks. */
  list(caller: string): number[] {
    return [...this.#running.values()].filter((each) => each.caller === caller).map(({ task }) => task);
  }

  /** Cancels the broadcasts with these jobs. */
  abort(ids: readonly string[]): void {
    for (const id of ids) this.#running.get(id)?.abort.abort();
  }

  /**
   * Runs a broadcast, unless it is for other hosts.
   *
   * @throws (rejects) {@link ProtocolError} if it is invalid, which its caller learns too; the error of the datastore.
   */
  async run(caller: string, id: string): Promise<void> {
    if (this.#seen.has(id)) return;
    this.#remember(id);
    const { leases, read, resultSenderOf } = this.#context;
    const data = await read(caller, id);
    if (data === undefined) return;
    const { lease } = readCaller(data);
    const abort = new AbortController();
    leases.hold(caller, lease, abort, () => abort.abort());
    try {
      if (await leases.isAlive(caller, lease)) await this.#runFor(caller, id, data, resultSenderOf(caller), abort);
    } finally {
      leases.release(caller, abort);
    }
  }

  #remember(id: string): void {
    this.#seen.add(id);
    if (this.#seen.size <= MAX_SEEN) return;
    const [oldest] = this.#seen;
    this.#seen.delete(oldest as string);
  }

  async #runFor(
    caller: string,
    id: string,
    data: unknown,
    sender: ResultSender,
    abort: AbortController,
  ): Promise<void> {
    const { host, maxValueSize, isCancelled } = this.#context;
    let message: BroadcastMessage;
    let task: number;
    let args: readonly unknown[];
    try {
      message = readBroadcast(data, maxBodyFor(maxValueSize));
      [task, args] = readOnlyTask(message.body);
    } catch (error) {
      await sender.refuse(id, (error as Error).message);
      throw error;
    }
    if (!message.hosts.includes(host) || isCancelled(id)) return;
    sender.limitValues(message.maxValueSize);
    this.#running.set(id, { caller, task, abort });
    try {
      await this.#call(message, task, args, sender, abort.signal);
      // It counts as running until its caller can read the results.
      await sender.flush();
    } finally {
      this.#running.delete(id);
    }
  }

  async #call(
    message: BroadcastMessage,
    task: number,
    args: readonly unknown[],
    sender: ResultSender,
    signal: AbortSignal,
  ): Promise<void> {
    const { host, pool, functions, isClosing } = this.#context;
    const { timeout } = message;
    try {
      const fn = functions.find(message, host);
      // The processes of a host that is closing no longer count.
      const options = { signal, ...(timeout !== undefined && { timeout }) };
      sender.succeed(task, isClosing() ? [] : await pool.broadcastFrom(fn, args, options));
    } catch (error) {
      if (signal.aborted) return;
      const hasEnded = error === HOST_IS_CLOSING || error instanceof PoolTerminatedError;
      sender.fail(task, hasEnded ? new HostLostError(message.fn.name || 'a task', host) : error);
    }
  }
}

/** @throws {@link ProtocolError} */
function readOnlyTask(body: string): [id: number, args: readonly unknown[]] {
  const [first, ...others] = readTasks(body);
  if (first === undefined || others.length > 0)
    throw new ProtocolError(`received an invalid broadcast of ${others.length + 1} tasks; expected 1`);
  return first;
}
