import { TimeoutError } from '../../errors.js';
import { MAX_DELAY } from '../../keep-alive.js';
import { clearTimeout, setTimeout } from '../../util/clock.js';
import type { LinkedList, Node } from './linked-list.js';

/** What a method gives whose answer comes later. */
export const WAITING = Symbol('waiting');

/** What a process has taken, and must not take with it when it ends. */
export interface Hold {
  /** The call that has taken it, if it is given back should that call turn out to be given up. */
  readonly callId?: number;
  /** As if it had never been taken; who has taken several gives back the last one first. */
  giveBack(): void;
  /** Lets those who wait have it, once all is given back. */
  serve(): void;
}

/** The process that has called. */
export interface Owner {
  readonly holds: Set<Hold>;
  answer(call: Call, value: unknown): void;
  fail(call: Call, error: unknown): void;
}

/** Why a call waits no longer. */
export type GivenUp = 'timeout' | 'cancelled' | 'gone';

/** One call of a method. Only one that waits is more than an id. */
export class Call {
  readonly owner: Owner;
  readonly id: number;
  /** It was answered or given up. */
  isSettled = false;
  #leave: (() => void) | undefined;
  #onGivenUp: ((why: GivenUp) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(owner: Owner, id: number) {
    this.owner = owner;
    this.id = id;
  }

  /**
   * Waits in a list until it is answered or given up; the list has it no more then.
   *
   * @param what - what is called, for the error of one that waits too long.
   * @param timeout - milliseconds, or anything else for as long as it takes.
   */
  wait<T extends { call: Call }>(
    list: LinkedList<T>,
    waiter: T,
    what: string,
    timeout: unknown,
    onGivenUp?: (why: GivenUp) => void,
  ): typeof WAITING {
    const node: Node<T> = list.push(waiter);
    this.#leave = () => list.remove(node);
    this.#onGivenUp = onGivenUp;
    // A longer one than a timer takes would go off at once.
    if (typeof timeout === 'number' && timeout <= MAX_DELAY) {
      this.#timer = setTimeout(() => {
        this.giveUp('timeout', new TimeoutError(`${what} has waited for more than ${timeout} ms`));
      }, timeout);
    }
    return WAITING;
  }

  answer(value: unknown): void {
    if (this.isSettled) return;
    this.#end();
    this.owner.answer(this, value);
  }

  fail(error: unknown): void {
    if (this.isSettled) return;
    this.#end();
    this.owner.fail(this, error);
  }

  giveUp(why: GivenUp, error: Error): void {
    const onGivenUp = this.#onGivenUp;
    this.fail(error);
    onGivenUp?.(why);
  }

  #end(): void {
    this.isSettled = true;
    this.#leave?.();
    this.#leave = undefined;
    this.#onGivenUp = undefined;
    clearTimeout(this.#timer);
  }
}
