/**
 * What `acquire()` gives: the way back. At the end of its scope `await using` releases it; otherwise `release()` does.
 */
export class Guard {
  readonly #release: () => Promise<void>;
  #released: Promise<void> | undefined;

  /** @internal */
  constructor(release: () => Promise<void>) {
    this.#release = release;
  }

  /** Once; the second time gives the same promise. */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** Runs `body` while what `acquire` gives is held. */
export async function runGuarded<T>(acquire: Promise<Guard>, body: () => T | PromiseLike<T>): Promise<T> {
  const guard = await acquire;
  try {
    return await body();
  } finally {
    await guard.release();
  }
}
