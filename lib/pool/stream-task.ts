import { ProtocolError } from '../errors.js';
import { raise } from '../raise.js';
import { Fifo } from './fifo.js';
import type { Job } from './job.js';
import { Failure } from './outcomes.js';
import type { Standstill } from './standstill.js';
import { Task } from './task.js';

/** How many items may be on their way from the child, or wait for the consumer. */
const WINDOW = 64;

/** The end of a stream, in the place of an item. */
export const END = Symbol('end');

/** What a {@link StreamTask} needs from its pool. */
export interface StreamTaskOwner {
  /** Whether the stream waits for its consumer. */
  readonly standstill: Standstill;
  /** The child gives nothing more. */
  onEnd(): void;
}

/** The task behind a `stream`. Its consumer takes the items one by one, and so sets the pace of the child. */
export class StreamTask extends Task {
  /** How many items the child may give before it has heard of any that was taken. */
  readonly window = WINDOW;
  #items = new Fifo<unknown>();
  #end: Failure | typeof END | undefined;
  #wake: () => void = () => {};
  /** Lets the child give so many more. */
  #grant: ((items: number) => void) | undefined;
  /** Items that the child has given of those it may, and how many of them were taken and are not granted again. */
  #given = 0;
  #taken = 0;
  #isPaced = true;
  readonly #owner: StreamTaskOwner;

  constructor(id: number, job: Job, args: readonly unknown[], owner: StreamTaskOwner) {
    // Its consumer has seen items of the first run: it cannot begin again.
    super(id, { ...job, retries: 0 }, args);
    this.#owner = owner;
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
    this.#given++;
    this.#items.push(item);
    if (!this.#isPaced) this.#take(1);
    this.#review();
    this.#wake();
  }

  /** Its consumer no longer sets the pace: the child goes on, and what nobody takes waits here. */
  ignorePace(): void {
    if (!this.#isPaced) return;
    this.#isPaced = false;
    this.#take(this.#items.size);
  }

  /** It is given up: its consumer has the reason at once, not after the items that wait. */
  discard(): void {
    this.#items = new Fifo();
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
    this.#owner.onEnd();
    this.#wake();
  }

  report(): void {}

  /** The next item, or {@link END}; throws what the task has thrown after the items before. */
  async take(): Promise<unknown> {
    while (this.#items.size === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#items.size > 0) return this.#shift();
    return this.#end instanceof Failure ? raise(this.#end.error) : END;
  }

  #shift(): unknown {
    if (this.#isPaced) this.#take(1);
    return this.#items.shift();
  }

  /** There is room for so many more. One message grants many, as long as a child runs the task. */
  #take(items: number): void {
    this.#taken += items;
    if (this.#taken < this.window / 2 || this.isSettled) return;
    this.#given -= this.#taken;
    this.#grant?.(this.#taken);
    this.#taken = 0;
    this.#review();
  }

  /** Whether the child has given all that it may. */
  get #isFull(): boolean {
    return this.#given >= this.window;
  }

  #review(): void {
    this.#owner.standstill.isReached = this.#end === undefined && this.#isFull;
  }
}
