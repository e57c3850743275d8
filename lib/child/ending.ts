import type { Channel } from '../ipc/channel.js';
import { ENDING, type ToChild, type ToParent } from '../ipc/messages.js';
import { setTimeout } from '../util/clock.js';
import type { Output } from './output.js';

/**
 * How long a process takes to end in order at most, in milliseconds: whoever reads its output may have stalled, and its
 * parent may be gone. A parent that is there kills it a second later, in which Node.js writes coverage and profiles.
 */
const MAX_ENDING = 4000;

/** What comes before the end of the process, in this order. */
export interface EndingSteps {
  /** Tells the tasks that run that their results are not wanted any more. Resolves when they have had time to react. */
  abort(): Promise<void>;
}

/** How a child ends by itself, whatever the reason: one ordered sequence, which runs once. */
export class Ending {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #output: Output;
  readonly #steps: EndingSteps;
  #begun = false;

  constructor(channel: Channel<ToChild, ToParent>, output: Output, steps: EndingSteps) {
    this.#channel = channel;
    this.#output = output;
    this.#steps = steps;
  }

  /** The parent has closed its side of the pipe: it wants this process to end, or is gone. */
  onPipeEnd(): void {
    // Whatever keeps the process from its end, also one that began before.
    setTimeout(() => process.exit(0), MAX_ENDING);
    this.#output.release();
    this.#channel.post([ENDING]);
    this.#channel.flush();
    if (!this.#begun) void this.#steps.abort().then(() => this.end(0));
  }

  /** Something outside of the tasks has failed. */
  fail(): void {
    setTimeout(() => process.exit(1), MAX_ENDING);
    this.end(1);
  }

  /**
   * All that was printed is written before, as in any program. Open handles, which tasks and initializers leave behind,
   * do not keep a finished child alive.
   *
   * @param code - the exit code; `undefined`: the one that the program has set.
   */
  end(code: number | undefined): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#output.onceWritten(() => this.#channel.end(() => process.exit(code ?? process.exitCode)));
  }
}
