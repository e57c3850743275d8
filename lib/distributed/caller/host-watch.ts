import { clearInterval, performance, setInterval } from '../../util/clock.js';

/** How long no host may answer before that is an event, in milliseconds. */
const MAX_SILENCE = 5000;
/** How often hosts are asked while none answers, in milliseconds. */
const CHECK_INTERVAL = 1000;

/** Called by a {@link HostWatch}. */
export interface HostWatchHandler {
  /** Whether tasks are sent that have not settled. */
  isWaiting(): boolean;
  /** Whether the datastore answers: otherwise hosts cannot. */
  isConnected(): boolean;
  /** Asks all hosts to report. */
  ask(): void;
  /** No host has answered for {@link MAX_SILENCE}. Called once until one answers. */
  onNoHosts(): void;
  /** No host has answered for the time that the program allows. */
  onTimeout(): void;
}

/** Notices that no host takes the tasks: there is none, its name of the queue is another, or all have died. */
export class HostWatch {
  readonly #handler: HostWatchHandler;
  readonly #timeout: number;
  #timer: NodeJS.Timeout | undefined;
  #answeredAt = 0;
  #isReported = false;

  /** @param timeout - how long to wait for a host, in milliseconds; 0: for ever. */
  constructor(timeout: number, handler: HostWatchHandler) {
    this.#timeout = timeout;
    this.#handler = handler;
  }

  /** Tasks are sent. */
  begin(): void {
    if (this.#timer !== undefined) return;
    this.onAnswer();
    const interval = this.#timeout === 0 ? CHECK_INTERVAL : Math.min(CHECK_INTERVAL, this.#timeout / 2);
    this.#timer = setInterval(() => this.#check(), interval);
    this.#handler.ask();
  }

  /** A host has answered. */
  onAnswer(): void {
    this.#answeredAt = performance.now();
    this.#isReported = false;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #check(): void {
    if (!this.#handler.isWaiting()) return this.stop();
    if (!this.#handler.isConnected()) {
      this.#answeredAt = performance.now();
      return;
    }
    const silence = performance.now() - this.#answeredAt;
    if (silence >= MAX_SILENCE && !this.#isReported) {
      this.#isReported = true;
      this.#handler.onNoHosts();
    }
    if (this.#timeout > 0 && silence >= this.#timeout) {
      this.stop();
      this.#handler.onTimeout();
    } else if (silence >= CHECK_INTERVAL / 2) this.#handler.ask();
  }
}
