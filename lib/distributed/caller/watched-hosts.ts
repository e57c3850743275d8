import { ProtocolError } from '../../errors.js';
import type { HostReading } from '../../observe/inspection.js';
import { clearInterval, performance, setInterval } from '../../util/clock.js';

/** How often hosts are asked, in milliseconds. */
const INTERVAL = 1000;
/** A host that has not answered for this time, in milliseconds, is no longer shown. */
const MAX_SILENCE = 6000;
/** How many hosts are shown: it bounds what forged answers can take. */
const MAX_HOSTS = 100;

/** Called by {@link WatchedHosts}. */
export interface WatchedHostsHandler {
  /** Asks all hosts for their state. A host answers once in a round. */
  ask(round: number): void;
  /** A host has sent an invalid state. */
  onError(error: Error): void;
}

/** The states of the hosts of a pool. It asks for them only while a dashboard shows the pool. */
export class WatchedHosts {
  readonly #handler: WatchedHostsHandler;
  readonly #answers = new Map<string, { text: string; at: number }>();
  #round = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(handler: WatchedHostsHandler) {
    this.#handler = handler;
  }

  /** Asks until {@link end}. It does not keep the program alive. */
  begin(): void {
    this.#timer ??= setInterval(() => this.#ask(), INTERVAL).unref();
    this.#ask();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#answers.clear();
  }

  #ask(): void {
    this.#handler.ask(++this.#round);
  }

  /** A host has answered. */
  onAnswer(host: string, text: string): void {
    if (this.#timer === undefined) return;
    if (this.#answers.size < MAX_HOSTS || this.#answers.has(host)) {
      this.#answers.set(host, { text, at: performance.now() });
    }
  }

  /** The hosts that have answered lately, by name. */
  read(): HostReading[] {
    const now = performance.now();
    for (const [name, { at }] of this.#answers) if (now - at > MAX_SILENCE) this.#answers.delete(name);
    const sorted = [...this.#answers].sort(([one], [other]) => (one < other ? -1 : 1));
    return sorted.map(([name, { text, at }]) => ({
      name,
      age: now - at,
      text,
      refuse: (reason) => {
        this.#answers.delete(name);
        this.#handler.onError(new ProtocolError(`host ${name} sent an invalid state: ${reason.message}`));
      },
    }));
  }
}
