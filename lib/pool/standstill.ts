import type { Ledger } from './ledger.js';

/**
 * Whether something that is open in a ledger goes on only when its consumer takes what is there. It does not keep the
 * program alive then: a consumer that is still to come lives by something else.
 */
export class Standstill {
  readonly #ledger: Pick<Ledger, 'pause' | 'resume'>;
  #isReached = false;

  constructor(ledger: Pick<Ledger, 'pause' | 'resume'>) {
    this.#ledger = ledger;
  }

  get isReached(): boolean {
    return this.#isReached;
  }

  /** What is open must have left its standstill when it is closed. */
  set isReached(isReached: boolean) {
    if (isReached === this.#isReached) return;
    this.#isReached = isReached;
    if (isReached) this.#ledger.pause();
    else this.#ledger.resume();
  }
}
