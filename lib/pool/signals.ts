/** Watches the signals of calls. Calls that share a signal share a listener, so a thousand of them cost as much as one. */
export class Signals {
  readonly #watched = new Map<AbortSignal, { calls: number; listener: () => void }>();
  readonly #onAbort: (signal: AbortSignal) => void;

  constructor(onAbort: (signal: AbortSignal) => void) {
    this.#onAbort = onAbort;
  }

  /** Watches until the call with this signal is answered. */
  watch(signal: AbortSignal, call: Promise<unknown>): void {
    this.#add(signal);
    const release = () => this.#release(signal);
    call.then(release, release);
  }

  #add(signal: AbortSignal): void {
    const watched = this.#watched.get(signal);
    if (watched !== undefined) {
      watched.calls++;
      return;
    }
    const listener = () => this.#onAbort(signal);
    this.#watched.set(signal, { calls: 1, listener });
    signal.addEventListener('abort', listener, { once: true });
  }

  #release(signal: AbortSignal): void {
    const watched = this.#watched.get(signal);
    if (watched === undefined || --watched.calls > 0) return;
    this.#watched.delete(signal);
    signal.removeEventListener('abort', watched.listener);
  }
}
