/** How many ids are remembered. */
const MAX_REMEMBERED = 10_000;
/** Longer ids are not those of callers. */
const MAX_LENGTH = 100;

/**
 * The jobs that callers have cancelled lately. A cancellation may arrive before its job: the answer to a fetch brings it over
 * another connection, or it returns to the queue because its host has died.
 */
export class CancelledJobs {
  readonly #ids = new Set<string>();

  add(ids: readonly string[]): void {
    for (const id of ids) if (id.length <= MAX_LENGTH) this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= MAX_REMEMBERED) return;
      this.#ids.delete(oldest);
    }
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }
}
