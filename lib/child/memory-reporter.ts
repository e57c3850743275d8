import type { Channel } from '../ipc/channel.js';
import { MEMORY, type ToChild, type ToParent } from '../ipc/messages.js';

/** The shortest time between two reports, in milliseconds: asking costs a system call. */
const PAUSE = 100;

/** Tells the parent how much memory this process takes, while it works. */
export class MemoryReporter {
  readonly #channel: Channel<ToChild, ToParent>;
  #next = 0;

  constructor(channel: Channel<ToChild, ToParent>) {
    this.#channel = channel;
  }

  /** Posts a report with the results of tasks, unless the last one was a moment ago. */
  report(): void {
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + PAUSE;
    this.#channel.post([MEMORY, process.memoryUsage.rss()]);
  }
}
