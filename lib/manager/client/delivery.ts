/**
 * An item of a queue with `acknowledge: true`. Call `done()` when the work on it is finished; if your process ends before
 * that, another process gets the item.
 *
 * @since 0.2.0
 */
export class Delivery<T> {
  /** The item. */
  readonly value: T;
  readonly #done: () => Promise<void>;
  readonly #giveBack: () => Promise<void>;
  #ended: Promise<void> | undefined;

  /** @internal */
  constructor(value: T, done: () => Promise<void>, giveBack: () => Promise<void>) {
    this.value = value;
    this.#done = done;
    this.#giveBack = giveBack;
  }

  /** Acknowledges the item. Counts as `taskDone()` for `join()`. */
  done(): Promise<void> {
    this.#ended ??= this.#done();
    return this.#ended;
  }

  /** Puts the item back at the front of the queue. Has no effect after `done()`. */
  giveBack(): Promise<void> {
    this.#ended ??= this.#giveBack();
    return this.#ended;
  }

  /** Gives the item back unless it is done: with `await using`, when the work on it throws. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.giveBack();
  }
}
