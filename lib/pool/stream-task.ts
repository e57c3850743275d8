import { ProtocolError } from '../errors.js';
import { raise } from '../raise.js';
import type { Job } from './job.js';
import { Failure } from './outcomes.js';
import type { Standstill } from './standstill.js';
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
  readonly #standstill: Standstill;

  constructor(id: number, job: Job, args: readonly unknown[], standstill: Standstill) {
    // Its consumer has seen items of the first run: it cannot begin again.
    super(id, { ...job, retries: 0 }, args);
    this.#standstill = standstill;
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
    if (this.#isFull) throw new ProtocolError('a child gave more items of a stream than it was asked for');
    this.#items.push(item);
    this.#review();
    this.#wake();
  }

  /** It is given up: its consumer has the reason at once, not after the items that wait. */
  discard(): void {
    this.#items = [];
  }

  succeed(): void {
    this.#finish(END);
  }

  fail(error: unknown): void {
    this.#finish(new Failure(error));
  }

  #finish(end: Failure | typeof END): void {
    this.#end = end;
    this.#review();
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
    this.#review();
    return item;
  }

  /** Whether the child has given all that it may. */
  get #isFull(): boolean {
    return this.#items.length + this.#taken >= this.window;
  }

  #review(): void {
    this.#standstill.isReached = this.#end === undefined && this.#isFull;
  }
}
