import { clearInterval, performance, setInterval } from '../../util/clock.js';
import type { Connections } from './connections.js';
import type { DatastoreClock } from './datastore-clock.js';

/** How often the connections are checked in the time within which a silent one must be noticed. */
const CHECKS = 6;

/** Called by a {@link Heartbeat}. */
export interface HeartbeatHandler {
  /** This machine's clock differs from the datastore's by this many milliseconds. */
  onSkew(skew: number): void;
}

/** Checks periodically whether the datastore answers, and reads its clock. */
export class Heartbeat {
  /** When the datastore last answered, as a value of `performance.now()`. */
  answeredAt: number | undefined;
  readonly #connections: Connections;
  readonly #clock: DatastoreClock;
  readonly #handler: HeartbeatHandler;
  readonly #interval: number;
  readonly #limit: number;
  readonly #timer: NodeJS.Timeout;
  #checkedAt = performance.now();
  #reading: Promise<void> | undefined;

  /** @param timeout - the time in milliseconds within which a silent connection must be noticed. */
  constructor(connections: Connections, clock: DatastoreClock, timeout: number, handler: HeartbeatHandler) {
    this.#connections = connections;
    this.#clock = clock;
    this.#handler = handler;
    this.#interval = timeout / CHECKS;
    // The silence may begin just after a check, and be noticed by one that is a little late.
    this.#limit = timeout - 2 * this.#interval;
    // The connections keep the program running, not the checks.
    this.#timer = setInterval(() => this.#check(), this.#interval).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const now = performance.now();
    if (now - this.#checkedAt > 2 * this.#interval) this.#connections.forgive();
    this.#checkedAt = now;
    this.#connections.check(this.#limit);
    // What goes wrong is an event of the connection, too.
    this.#reading ??= this.read()
      .catch(() => {})
      .finally(() => {
        this.#reading = undefined;
      });
  }

  /** Reads the datastore's clock. */
  async read(): Promise<void> {
    await this.#clock.sync(() => this.#connections.readTime());
    this.answeredAt = performance.now();
    const skew = this.#clock.takeSkewToReport();
    if (skew !== undefined) this.#handler.onSkew(skew);
  }
}
