/** The error of a task, or why a map has no further results. */
export class Failure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** Stand for an outcome that is not there yet, and for one that was taken. */
export const MISSING = Symbol('missing');
const TAKEN = Symbol('taken');

/** From here on the room in front of the first outcome is given back. */
const MAX_GAP = 1024;

/**
 * The outcomes of the items of a map by their index: a value, or a {@link Failure}.
 *
 * A loop over a stream takes outcomes away: a window that moves along the input is kept.
 */
export class Outcomes {
  #outcomes: unknown[] = [];
  /** The index of the first in the window, and how many at its start were taken. */
  #first = 0;
  #gap = 0;

  get(index: number): unknown {
    const outcome = this.#outcomes[index - this.#first];
    return outcome === undefined && index - this.#first >= this.#outcomes.length ? MISSING : outcome;
  }

  set(index: number, outcome: unknown): void {
    const at = index - this.#first;
    // They mostly come in the order of the input.
    while (this.#outcomes.length < at) this.#outcomes.push(MISSING);
    this.#outcomes[at] = outcome;
  }

  take(index: number): void {
    this.#outcomes[index - this.#first] = TAKEN;
    while (this.#outcomes[this.#gap] === TAKEN) this.#gap++;
    if (this.#gap < MAX_GAP || this.#gap * 2 < this.#outcomes.length) return;
    this.#outcomes = this.#outcomes.slice(this.#gap);
    this.#first += this.#gap;
    this.#gap = 0;
  }

  /** The indices of all that are there. */
  indices(): number[] {
    const indices: number[] = [];
    this.#outcomes.forEach((outcome, at) => {
      if (outcome !== MISSING && outcome !== TAKEN) indices.push(this.#first + at);
    });
    return indices;
  }

  /** All of them, if none was taken. */
  toArray(): unknown[] {
    return this.#outcomes.slice();
  }
}
