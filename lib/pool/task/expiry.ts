import { TaskExpiredError } from '../../errors.js';
import { clearTimeout, setTimeout } from '../../util/clock.js';

/** A time limit of a call that counts waiting: a signal that aborts when it is over, or with the signal of the program. */
export class Expiry {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #forget: () => void;

  constructor(name: string, expires: number, given: AbortSignal | undefined) {
    const controller = new AbortController();
    this.signal = controller.signal;
    // Open work keeps the program alive, not its limit.
    this.#timer = setTimeout(() => controller.abort(new TaskExpiredError(name, expires)), expires).unref();
    const onAbort = () => controller.abort(given?.reason);
    given?.addEventListener('abort', onAbort, { once: true });
    this.#forget = () => given?.removeEventListener('abort', onAbort);
  }

  /** The call has settled. */
  end(): void {
    clearTimeout(this.#timer);
    this.#forget();
  }
}
