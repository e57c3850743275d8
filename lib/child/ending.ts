import type { Channel } from '../ipc/channel.js';
import { ENDING, type ToChild, type ToParent } from '../ipc/messages.js';
import { setTimeout } from '../util/clock.js';

/** A process that nobody waits for has this long to end in order, in milliseconds: its parent may be gone. */
const MAX_ENDING = 5000;

/** What comes before the end of the process, in this order. */
export interface EndingSteps {
  /** Tells the tasks that run that their results are not wanted any more. Resolves when they have had time to react. */
  abort(): Promise<void>;
}

/** How a child ends by itself, whatever the reason: one ordered sequence, which runs once. */
export class Ending {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #steps: EndingSteps;
  #begun = false;

  constructor(channel: Channel<ToChild, ToParent>, steps: EndingSteps) {
    this.#channel = channel;
    this.#steps = steps;
  }

  /** The parent has closed its side of the pipe: it wants this process to end, or is gone. */
  onPipeEnd(): void {
    // Whatever keeps the process from its end, also one that began before.
    setTimeout(() => process.exit(0), MAX_ENDING);
    if (this.#begun) return;
    this.#channel.post([ENDING]);
    this.#channel.flush();
    void this.#steps.abort().then(() => this.end(0));
  }

  /**
   * Open handles, which tasks and initializers leave behind, do not keep a finished child alive.
   *
   * @param code - the exit code; `undefined`: the one that the program has set.
   */
  end(code: number | undefined): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#channel.end(() => process.exit(code ?? process.exitCode));
  }
}
