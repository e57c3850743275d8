import { MISSING, type Outcomes } from './outcomes.js';

/** The order in which a loop takes outcomes. */
export interface ResultOrder {
  /** Whether the next one is there. */
  isThere(): boolean;
  /** The index of the next one, which must be there. */
  next(): number;
  /** An outcome has come. */
  onArrival(index: number): void;
}

/** The order of the input. */
export class InputOrder implements ResultOrder {
  readonly #outcomes: Outcomes;
  #index = 0;

  constructor(outcomes: Outcomes) {
    this.#outcomes = outcomes;
  }

  isThere(): boolean {
    return this.#outcomes.get(this.#index) !== MISSING;
  }

  next(): number {
    return this.#index++;
  }

  onArrival(): void {}
}

/** The order in which they arrive; those that have arrived already come first. */
export class ArrivalOrder implements ResultOrder {
  /** The indices of the outcomes that have arrived, and how many of them the loop has taken. */
  readonly #ready: number[];
  #at = 0;

  constructor(outcomes: Outcomes) {
    this.#ready = outcomes.indices();
  }

  isThere(): boolean {
    return this.#at < this.#ready.length;
  }

  next(): number {
    const index = this.#ready[this.#at++] as number;
    if (this.#at === this.#ready.length) this.#ready.length = this.#at = 0;
    return index;
  }

  onArrival(index: number): void {
    this.#ready.push(index);
  }
}
