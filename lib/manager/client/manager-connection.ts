import type { Channel } from '../../ipc/channel.js';
import { CANCEL, FAILURE, MAPPED, RESULT, type ToChild, type ToParent } from '../../protocol/messages.js';
import { AbortListeners } from '../../util/abort-listeners.js';
import { capturedResolve, captureResolve } from '../../util/capture-resolve.js';
import { hold, release } from '../../util/keep-alive.js';
import { oncePerTick } from '../../util/once-per-tick.js';
import { raise } from '../../util/raise.js';
import { NO_ANSWER } from '../protocol/methods.js';

/** How the answer of a call is handled. */
export interface RequestOptions {
  /** Converts the server's answer to the result of the call. */
  read?: ((answer: unknown) => unknown) | undefined;
  /** Cancels the call. */
  signal?: AbortSignal | undefined;
  /** Undoes the effect of the call if its answer arrives after the call was cancelled. */
  undo?: ((answer: unknown) => void) | undefined;
  /** The effect cannot be undone: a cancelled call settles once the server has answered whether it happened. */
  isFinal?: boolean;
}

interface Pending {
  resolve: (value: unknown) => void;
  read: RequestOptions['read'];
  /** `undefined` for a call without a signal. */
  cancellation: Cancellation | undefined;
}

interface Cancellation {
  readonly signal: AbortSignal;
  readonly undo: RequestOptions['undo'];
  readonly isFinal: boolean;
  isCancelled: boolean;
}

function createCancellation(signal: AbortSignal, { undo, isFinal = false }: RequestOptions = {}): Cancellation {
  return { signal, undo, isFinal, isCancelled: false };
}

/**
 * This process's connection to one manager, and its pending calls.
 *
 * Any number of calls share the connection, and the calls of one turn of the event loop share a write. Calls made before
 * it is open wait for it. After it was lost, the next call opens another.
 */
export class ManagerConnection {
  readonly #pending = new Map<number, Pending>();
  readonly #signals = new AbortListeners<number>((signal, ids) => {
    for (const id of ids) this.#cancel(id, signal.reason);
  });
  readonly #connect: (() => void) | undefined;
  #channel: Channel<ToParent, ToChild> | undefined;
  /** Calls that wait for the connection. While there are any, it is being opened. */
  #early: (() => void)[] = [];
  #closed: Error | undefined;
  #lastId = NO_ANSWER;
  /** The calls of one turn go out in one write, after the promise callbacks of that turn. */
  readonly #scheduleFlush = oncePerTick(() => this.#channel?.flush());

  /** @param connect - opens the connection on demand; without it, the creator calls {@link open} soon. */
  constructor(connect?: () => void) {
    this.#connect = connect;
  }

  call(methodId: number, args: readonly unknown[], options?: RequestOptions): Promise<unknown> {
    if (this.#closed !== undefined) return raise(this.#closed);
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = ++this.#lastId;
    const promise = new Promise(captureResolve);
    const resolve = capturedResolve();
    const cancellation = signal && createCancellation(signal, options);
    if (this.#pending.size === 0) hold();
    this.#pending.set(id, { resolve, read: options?.read, cancellation });
    if (signal !== undefined) this.#signals.watch(signal, id);
    this.#post(id, methodId, args);
    return promise;
  }

  /** A call without an answer. */
  tell(methodId: number, args: readonly unknown[]): void {
    if (this.#closed === undefined) this.#post(NO_ANSWER, methodId, args);
  }

  #cancel(id: number, reason: unknown): void {
    const { resolve, cancellation } = this.#pending.get(id) as Pending & { cancellation: Cancellation };
    cancellation.isCancelled = true;
    if (this.#channel === undefined) {
      this.#take(id);
      resolve(raise(reason));
      return;
    }
    this.#channel.post([CANCEL, id]);
    this.#scheduleFlush();
    if (!cancellation.isFinal) resolve(raise(reason));
  }

  #post(id: number, methodId: number, args: readonly unknown[]): void {
    if (this.#channel === undefined) {
      this.#early.push(() => {
        const isCancelled = id !== NO_ANSWER && !this.#pending.has(id);
        if (!isCancelled) this.#post(id, methodId, args);
      });
      if (this.#early.length === 1) this.#connect?.();
      return;
    }
    try {
      this.#channel.postTask(id, methodId, args);
      this.#scheduleFlush();
    } catch (error) {
      if (id === NO_ANSWER) throw error;
      this.#take(id)?.resolve(raise(error));
    }
  }

  /** Called when the connection is open. */
  open(channel: Channel<ToParent, ToChild>): void {
    this.#channel = channel;
    for (const post of this.#early.splice(0)) post();
  }

  /**
   * Handles messages of the server.
   *
   * @param onMapped - the server could open the memory that it was offered, or could not.
   */
  receive(messages: readonly ToParent[], onMapped: (isOpen: boolean) => void): void {
    for (const message of messages) {
      if (message[0] === RESULT) this.#succeedAll(message[1], message[2]);
      else if (message[0] === MAPPED) onMapped(message[1] === 1);
      else if (message[0] === FAILURE) this.#fail(message[1], message[2]);
    }
  }

  #succeedAll(firstId: number, answers: readonly unknown[]): void {
    for (let at = 0; at < answers.length; at++) this.#succeed(firstId + at, answers[at]);
  }

  #succeed(id: number, answer: unknown): void {
    const pending = this.#take(id);
    if (pending === undefined) return;
    const { read, cancellation, resolve } = pending;
    if (cancellation?.isCancelled && !cancellation.isFinal) return cancellation.undo?.(answer);
    try {
      resolve(read === undefined ? answer : read(answer));
    } catch (error) {
      resolve(raise(error));
    }
  }

  #fail(id: number, error: unknown): void {
    const pending = this.#take(id);
    if (pending === undefined) return;
    const { cancellation, resolve } = pending;
    if (!cancellation?.isCancelled) resolve(raise(error));
    else if (cancellation.isFinal) resolve(raise(cancellation.signal.reason));
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    if (pending.cancellation !== undefined) this.#signals.release(pending.cancellation.signal, id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) release();
    return pending;
  }

  /** The connection was lost: pending calls fail. The next call opens another. */
  lose(error: Error): void {
    this.#channel = undefined;
    this.#early = [];
    for (const id of [...this.#pending.keys()]) this.#fail(id, error);
  }

  /** The server is gone: pending and later calls fail. */
  close(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.lose(error);
  }
}
