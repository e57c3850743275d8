/** Asks a child for tasks that it was sent and has not begun, and knows when asking is of no use. */
export class Recalls {
  readonly #ask: (tasks: number) => void;
  /** How often the child was asked and has not answered. */
  #pending = 0;
  /** `none`: it had begun all tasks when it last answered, and was sent none since it was asked. */
  #waiting: 'unknown' | 'asked' | 'none' = 'unknown';

  /** @param ask - asks the child for up to this number of its last tasks. */
  constructor(ask: (tasks: number) => void) {
    this.#ask = ask;
  }

  get isPending(): boolean {
    return this.#pending > 0;
  }

  /** The child was sent a task. */
  onSent(): void {
    this.#waiting = 'unknown';
  }

  recall(tasks: number): void {
    if (this.#waiting === 'none') return;
    this.#waiting = 'asked';
    this.#pending++;
    this.#ask(tasks);
  }

  /** The child has returned this many tasks. */
  onReturned(tasks: number): void {
    this.#pending--;
    if (tasks === 0 && this.#pending === 0 && this.#waiting === 'asked') this.#waiting = 'none';
  }
}
