import { TimeoutError } from '../../errors.js';
import { clearTimeout, setTimeout } from '../../util/clock.js';
import { MAX_DELAY } from '../../util/keep-alive.js';
import { LinkedList, type Node } from './linked-list.js';
import type { Holds } from './release-on-disconnect.js';

/** Returned by a method that answers later. */
export const WAITING = Symbol('waiting');

/** The methods of an object, by name. Each returns its answer, throws, or returns {@link WAITING}. */
export type ObjectMethods<Methods> = {
  [Name in keyof Methods]: (call: MethodCall, args: readonly unknown[]) => unknown;
};

/** The process that makes a call. */
export interface Client {
  readonly holds: Holds;
  answer(call: MethodCall, value: unknown): void;
  fail(call: MethodCall, error: unknown): void;
}

/** Why a waiting call ends without an answer; `gone`: its process died or disconnected. */
export type CancelReason = 'timeout' | 'cancelled' | 'gone';

/** One call of a method. Only a call that waits needs more than its id. */
export class MethodCall {
  readonly client: Client;
  readonly id: number;
  /** Answered, failed or cancelled. */
  isSettled = false;
  #leave: (() => void) | undefined;
  #onCancel: ((why: CancelReason) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Client, id: number) {
    this.client = client;
    this.id = id;
  }

  /**
   * Waits in a list until the call settles, which removes it from the list.
   *
   * @param method - for the message of the `TimeoutError`.
   * @param timeout - milliseconds; any other type waits without a limit.
   */
  wait<T extends Waiter>(
    list: WaitingCalls<T>,
    waiter: T,
    method: string,
    timeout: unknown,
    onCancel?: (why: CancelReason) => void,
  ): typeof WAITING {
    const node: Node<T> = list.push(waiter);
    this.#leave = () => list.remove(node);
    this.#onCancel = onCancel;
    // A timer fires at once for a delay above its maximum.
    if (typeof timeout === 'number' && timeout <= MAX_DELAY) {
      this.#timer = setTimeout(() => {
        this.cancel('timeout', new TimeoutError(`${method} timed out after ${timeout} ms`));
      }, timeout);
    }
    return WAITING;
  }

  answer(value: unknown): void {
    if (this.isSettled) return;
    this.#settle();
    this.client.answer(this, value);
  }

  fail(error: unknown): void {
    if (this.isSettled) return;
    this.#settle();
    this.client.fail(this, error);
  }

  cancel(why: CancelReason, error: Error): void {
    const onCancel = this.#onCancel;
    this.fail(error);
    onCancel?.(why);
  }

  #settle(): void {
    this.isSettled = true;
    this.#leave?.();
    this.#leave = undefined;
    this.#onCancel = undefined;
    clearTimeout(this.#timer);
  }
}

/** A waiting call, and what its object needs to answer it. */
export interface Waiter {
  readonly call: MethodCall;
}

/** Waiting calls, first come, first served. A call leaves the list when it settles. */
export class WaitingCalls<T extends Waiter = Waiter> extends LinkedList<T> {
  answerAll(value: unknown): void {
    while (this.first !== undefined) this.first.call.answer(value);
  }

  failAll(createError: () => Error): void {
    while (this.first !== undefined) this.first.call.fail(createError());
  }
}
