/**
 * An acquired lock or permit. `await using` releases it at the end of its scope; or call `release()`.
 *
 * @since 0.2.0
 */
export class Guard {
  readonly #release: () => Promise<void>;
  #released: Promise<void> | undefined;

  /** @internal */
  constructor(release: () => Promise<void>) {
    this.#release = release;
  }

  /** Calling it again returns the same promise. */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  /** Releases it, at the end of the scope of `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** Runs `body` while the guard of `acquire` is held. */
export async function runGuarded<T>(acquire: Promise<Guard>, body: () => T | PromiseLike<T>): Promise<T> {
  const guard = await acquire;
  try {
    return await body();
  } finally {
    await guard.release();
  }
}
