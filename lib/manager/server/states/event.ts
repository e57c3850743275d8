import type { EVENT } from '../../protocol/methods.js';
import { type MethodCall, type ObjectMethods, WaitingCalls } from '../method-call.js';

/** A flag, and the calls that wait for it. */
export class EventState implements ObjectMethods<typeof EVENT> {
  readonly #waiters = new WaitingCalls();
  #isSet = false;

  set(): void {
    this.#isSet = true;
    this.#waiters.answerAll(undefined);
  }

  clear(): void {
    this.#isSet = false;
  }

  isSet(): boolean {
    return this.#isSet;
  }

  wait(call: MethodCall, [timeout]: readonly unknown[]): unknown {
    return this.#isSet ? undefined : call.wait(this.#waiters, { call }, 'wait()', timeout);
  }
}
