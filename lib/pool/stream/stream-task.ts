import { ProtocolError } from '../../errors.js';
import { performance } from '../../util/clock.js';
import { Fifo } from '../../util/fifo.js';
import { raise } from '../../util/raise.js';
import { Failure } from '../map/outcomes.js';
import type { Job } from '../task/job.js';
import type { TaskLifecycle } from '../task/lifecycle.js';
import { Task } from '../task/task.js';

/** How many items may be on their way from the child, or wait for the consumer. */
const WINDOW = 64;

/** Stands for the end of a stream. */
export const END = Symbol('end');

/** The task behind a `stream`. Its consumer takes the items one by one, and so sets the pace of the child. */
export class StreamTask extends Task {
  /** How many items the child may send before the parent grants it more. */
  readonly window = WINDOW;
  #items = new Fifo<unknown>();
  #end: Failure | typeof END | undefined;
  #wake: () => void = () => {};
  /** Lets the child send this many more. */
  #grant: ((items: number) => void) | undefined;
  readonly startedAt = performance.now();
  /** The number of items that have come. */
  received = 0;
  /** How many items the child has sent of its window, and how many of them were taken and not granted again. */
  #given = 0;
  #taken = 0;
  #isPaced = true;
  /** Whether the stream waits for its consumer. */
  isStalled = false;
  readonly #lifecycle: TaskLifecycle;
  readonly #onEnd: () => void;

  /** @param onEnd - is called when the child gives nothing more. */
  constructor(lifecycle: TaskLifecycle, job: Job, args: readonly unknown[], onEnd: () => void) {
    // Its consumer has seen items of the first attempt, so there is not a second one.
    super(lifecycle.openTask(), { ...job, retries: 0 }, args);
    this.#lifecycle = lifecycle;
    this.#onEnd = onEnd;
  }

  /** Whether it is settled, although items may still wait for the consumer. */
  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** The number of items that wait for the consumer. */
  get waiting(): number {
    return this.#items.size;
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
    if (this.#isFull) throw new ProtocolError('child sent more items of a stream than it was granted');
    this.#given++;
    this.received++;
    this.#items.push(item);
    if (!this.#isPaced) this.#take(1);
    this.#review();
    this.#wake();
  }

  /** Its consumer no longer sets the pace: the child goes on, and items that are not taken wait here. */
  ignorePace(): void {
    if (!this.#isPaced) return;
    this.#isPaced = false;
    this.#take(this.#items.size);
  }

  /** It is cancelled: its consumer gets the reason at once, not after the items that wait. */
  dropItems(): void {
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
    this.#onEnd();
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

  /** There is room for this many more. One message grants many, as long as a child runs the task. */
  #take(items: number): void {
    this.#taken += items;
    if (this.#taken < this.window / 2 || this.hasEnded) return;
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
    this.#lifecycle.stall(this, this.#end === undefined && this.#isFull);
  }
}
