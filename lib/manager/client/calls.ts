import type { Channel } from '../../ipc/channel.js';
import { CANCEL, FAILURE, RESULT, type ToChild, type ToParent } from '../../ipc/messages.js';
import { hold, release } from '../../keep-alive.js';
import { raise } from '../../raise.js';
import { Signals } from '../../signals.js';
import { nextTick } from '../../util/clock.js';

type Resolve = (value: unknown) => void;

let resolveLast: Resolve;

/** One function for all promises: a closure for each would cost as much as the promise. */
function captureResolve(resolve: Resolve): void {
  resolveLast = resolve;
}

/** What becomes of the answer of a call. */
export interface CallOptions {
  /** Makes what the caller gets of what the server sends. */
  read?: ((answer: unknown) => unknown) | undefined;
  /** Gives up on the call. */
  signal?: AbortSignal | undefined;
  /** Undoes what the server has done, if its answer comes after the call was given up. */
  undo?: ((answer: unknown) => void) | undefined;
  /** Nothing can undo it: one that is given up settles when the server has said whether it was done. */
  isFinal?: boolean;
}

interface Pending {
  resolve: Resolve;
  read: CallOptions['read'];
  /** Of a call that can be given up. */
  cancellation: Cancellation | undefined;
}

interface Cancellation {
  readonly signal: AbortSignal;
  readonly undo: CallOptions['undo'];
  readonly isFinal: boolean;
  isGivenUp: boolean;
}

function createCancellation(signal: AbortSignal, { undo, isFinal = false }: CallOptions = {}): Cancellation {
  return { signal, undo, isFinal, isGivenUp: false };
}

/** A call without an answer. */
const NO_ANSWER = 0;

/**
 * The calls of this process on the objects of one manager: as many at a time as there are, all over one connection, what
 * a turn of the event loop calls in one write. Calls that come before the connection is there wait for it; so does the
 * first one after it was lost, which makes another.
 */
export class Calls {
  readonly #pending = new Map<number, Pending>();
  readonly #signals = new Signals<number>((signal, ids) => {
    for (const id of ids) this.#giveUp(id, signal.reason);
  });
  readonly #connect: (() => void) | undefined;
  #channel: Channel<ToParent, ToChild> | undefined;
  /** What waits for the connection, which is being made if there is anything. */
  #early: (() => void)[] = [];
  #closed: Error | undefined;
  #lastId = NO_ANSWER;
  #isFlushing = false;

  /** @param connect - makes the connection, when it is needed; without, it is given soon. */
  constructor(connect?: () => void) {
    this.#connect = connect;
  }

  call(address: number, args: readonly unknown[], options?: CallOptions): Promise<unknown> {
    if (this.#closed !== undefined) return raise(this.#closed);
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const id = ++this.#lastId;
    const promise = new Promise(captureResolve);
    const cancellation = signal && createCancellation(signal, options);
    if (this.#pending.size === 0) hold();
    this.#pending.set(id, { resolve: resolveLast, read: options?.read, cancellation });
    if (signal !== undefined) this.#signals.watch(signal, id);
    this.#post(id, address, args);
    return promise;
  }

  /** A call that nobody waits for. */
  tell(address: number, args: readonly unknown[]): void {
    if (this.#closed === undefined) this.#post(NO_ANSWER, address, args);
  }

  #giveUp(id: number, reason: unknown): void {
    const { resolve, cancellation } = this.#pending.get(id) as Pending & { cancellation: Cancellation };
    cancellation.isGivenUp = true;
    if (this.#channel === undefined) this.#take(id);
    else this.#cancel(id);
    if (this.#channel === undefined || !cancellation.isFinal) resolve(raise(reason));
  }

  #cancel(id: number): void {
    this.#channel?.post([CANCEL, id]);
    this.#scheduleFlush();
  }

  #post(id: number, address: number, args: readonly unknown[]): void {
    if (this.#channel === undefined) {
      this.#early.push(() => {
        const isWanted = id === NO_ANSWER || this.#pending.has(id);
        if (isWanted) this.#post(id, address, args);
      });
      if (this.#early.length === 1) this.#connect?.();
      return;
    }
    try {
      this.#channel.postTask(id, address, args);
      this.#scheduleFlush();
    } catch (error) {
      if (id === NO_ANSWER) throw error;
      this.#take(id)?.resolve(raise(error));
    }
  }

  /** What a turn has called goes out together, after the promises that have called it. */
  #scheduleFlush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isFlushing = false;
    this.#channel?.flush();
  };

  /** The connection is there. */
  open(channel: Channel<ToParent, ToChild>): void {
    this.#channel = channel;
    for (const post of this.#early.splice(0)) post();
  }

  /** What the server sends. */
  receive(messages: readonly ToParent[]): void {
    for (const message of messages) {
      if (message[0] === RESULT) this.#succeedAll(message[1], message[2]);
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
    if (cancellation?.isGivenUp && !cancellation.isFinal) return cancellation.undo?.(answer);
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
    if (!cancellation?.isGivenUp) resolve(raise(error));
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

  /** What was called will not be answered any more; what is called next may be, over another connection. */
  lose(error: Error): void {
    this.#channel = undefined;
    this.#early = [];
    for (const id of [...this.#pending.keys()]) this.#fail(id, error);
  }

  /** The server is gone: nothing will be answered any more. */
  close(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.lose(error);
  }
}
