import type { Address } from '../tasks/address.js';

/** A function whose parameters do not matter any more: its arguments were checked with the call. */
export type AnyFunction<R = unknown> = (...args: never[]) => R | PromiseLike<R>;

/** What a task calls. */
export interface Target {
  readonly fn: AnyFunction;
  /** Where a child finds the function. */
  readonly address: Address;
}

/** One call of a function, from the moment it is asked for until it is answered. There are many: it is small. */
export abstract class Task {
  /** Unique in the pool. */
  readonly id: number;
  readonly target: Target;
  readonly args: readonly unknown[];

  constructor(id: number, target: Target, args: readonly unknown[]) {
    this.id = id;
    this.target = target;
    this.args = args;
  }

  /** Nobody wants the outcome any more; if it was not sent it need not run. */
  abstract readonly isCancelled: boolean;
  abstract succeed(value: unknown): void;
  abstract fail(error: unknown): void;
  /** Takes what the running task gives to `currentTask().report()`. */
  abstract report(progress: unknown): void;
}
