interface Watched<Call> {
  readonly calls: Set<Call>;
  readonly listener: () => void;
}

/**
 * Watches the signals of calls. Calls with the same signal share a listener, so a thousand calls cost as much as one.
 */
export class AbortListeners<Call> {
  readonly #watched = new Map<AbortSignal, Watched<Call>>();
  readonly #onAbort: (signal: AbortSignal, calls: ReadonlySet<Call>) => void;

  constructor(onAbort: (signal: AbortSignal, calls: ReadonlySet<Call>) => void) {
    this.#onAbort = onAbort;
  }

  watch(signal: AbortSignal, call: Call): void {
    const watched = this.#watched.get(signal) ?? this.#listen(signal);
    watched.calls.add(call);
  }

  /** Watches until the promise of the call settles. */
  watchPromise(this: AbortListeners<Promise<unknown>>, signal: AbortSignal, call: Promise<unknown>): void {
    this.watch(signal, call);
    const release = () => this.release(signal, call);
    call.then(release, release);
  }

  release(signal: AbortSignal, call: Call): void {
    const watched = this.#watched.get(signal);
    if (watched === undefined) return;
    watched.calls.delete(call);
    if (watched.calls.size > 0) return;
    this.#watched.delete(signal);
    signal.removeEventListener('abort', watched.listener);
  }

  #listen(signal: AbortSignal): Watched<Call> {
    const calls = new Set<Call>();
    const listener = () => {
      this.#watched.delete(signal);
      this.#onAbort(signal, calls);
    };
    const watched = { calls, listener };
    this.#watched.set(signal, watched);
    signal.addEventListener('abort', listener, { once: true });
    return watched;
  }
}
