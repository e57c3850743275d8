import type { EVENT } from '../../methods.js';
import type { Call } from '../call.js';
import { LinkedList } from '../linked-list.js';
import type { State } from './state.js';

/** A flag that some wait for. */
export class EventState implements State<typeof EVENT> {
  readonly #waiters = new LinkedList<{ call: Call }>();
  #isSet = false;

  set(): void {
    this.#isSet = true;
    while (this.#waiters.first !== undefined) this.#waiters.first.call.answer(undefined);
  }

  clear(): void {
    this.#isSet = false;
  }

  isSet(): boolean {
    return this.#isSet;
  }

  wait(call: Call, [timeout]: readonly unknown[]): unknown {
    return this.#isSet ? undefined : call.wait(this.#waiters, { call }, 'wait()', timeout);
  }
}
