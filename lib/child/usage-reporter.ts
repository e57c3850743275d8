import type { Channel } from '../ipc/channel.js';
import { type ToChild, type ToParent, USAGE } from '../protocol/messages.js';
import { performance } from '../util/clock.js';

/** The shortest time between two reports, in milliseconds: asking costs a system call. */
const PAUSE = 100;

/** Tells the parent how much memory this process takes and how busy its event loop was, while it works. */
export class UsageReporter {
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
    const { active, idle } = performance.eventLoopUtilization();
    this.#channel.post([USAGE, process.memoryUsage.rss(), active, idle]);
  }
}
