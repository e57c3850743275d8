/**
 * An item of a queue that was made with `acknowledge: true`. It is yours until you say that it is `done()`; if your
 * process ends before, the next one gets it.
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

  /** Acknowledges the item, which counts for `join()` as `taskDone()` does. */
  done(): Promise<void> {
    this.#ended ??= this.#done();
    return this.#ended;
  }

  /** Puts the item back in front of the others. Nothing if it is done. */
  giveBack(): Promise<void> {
    this.#ended ??= this.#giveBack();
    return this.#ended;
  }

  /** Gives the item back unless it is done: `await using` does so when the work on it has thrown. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.giveBack();
  }
}
