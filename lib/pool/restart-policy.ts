/** How often a process is started that ends before it has done anything, and the pause after the first time. */
export const MAX_ATTEMPTS = 3;
const BACKOFF = 50;
const MAX_BACKOFF = 5000;
/** How often in a row a process may be killed while it starts before the pauses grow: whoever does it will stop. */
const MAX_KILLED = 100;

/** How long to wait before a process is started again that ended before it was sent a task, and when to stop. */
export class RestartPolicy {
  #failed = 0;
  #killed = 0;

  /** It has worked, or there is a reason to hope that it will. */
  reset(): void {
    this.#failed = 0;
    this.#killed = 0;
  }

  /** @returns milliseconds, or nothing if it was tried often enough. */
  getPause(wasKilled: boolean): number | undefined {
    const times = wasKilled ? Math.max(this.#killed++ - MAX_KILLED, 0) : this.#failed++;
    return this.#failed < MAX_ATTEMPTS ? Math.min(BACKOFF * 2 ** times, MAX_BACKOFF) : undefined;
  }
}
