import { ProtocolError } from '../errors.js';
import { raise } from '../raise.js';
import type { Job } from './job.js';
import { Failure } from './outcomes.js';
import { Task } from './task.js';

/** How many items may be on their way from the child, or wait for the consumer. */
const WINDOW = 64;

/** The end of a stream, in the place of an item. */
export const END = Symbol('end');

/** The task behind a `stream`. Its consumer takes the items one by one, and so sets the pace of the child. */
export class StreamTask extends Task {
  /** How many items the child may give before it has heard of any that was taken. */
  readonly window = WINDOW;
  #items: unknown[] = [];
  #end: Failure | typeof END | undefined;
  #wake: () => void = () => {};
  /** Lets the child give so many more. */
  #grant: ((items: number) => void) | undefined;
  #taken = 0;

  constructor(id: number, job: Job, args: readonly unknown[]) {
    // Its consumer has seen items of the first run: it cannot begin again.
    super(id, { ...job, retries: 0 }, args);
  }

  get group(): this {
    return this;
  }

  /** It was sent to a child. */
  onSent(grant: (items: number) => void): void {
    this.#grant = grant;
  }

  /** @throws {@link ProtocolError} if the child gives more than it may. */
  onItem(item: unknown): void {
    if (this.#items.length + this.#taken >= this.window) {
      throw new ProtocolError('a child gave more items of a stream than it was asked for');
    }
    this.#items.push(item);
    this.#wake();
  }

  /** It is given up: its consumer has the reason at once, not after the items that wait. */
  discard(): void {
    this.#items = [];
  }

  succeed(): void {
    this.#end = END;
    this.#wake();
  }

  fail(error: unknown): void {
    this.#end = new Failure(error);
    this.#wake();
  }

  report(): void {}

  /** The next item, or {@link END}; throws what the task has thrown after the items before. */
  async take(): Promise<unknown> {
    while (this.#items.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#items.length > 0) return this.#shift();
    return this.#end instanceof Failure ? raise(this.#end.error) : END;
  }

  #shift(): unknown {
    const item = this.#items.shift();
    if (++this.#taken < this.window / 2) return item;
    // As long as a child runs it; afterwards all that it gave is here.
    if (!this.isSettled) this.#grant?.(this.#taken);
    this.#taken = 0;
    return item;
  }
}
