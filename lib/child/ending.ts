import { TimeoutError } from '../errors.js';
import type { Channel } from '../ipc/channel.js';
import { ENDING, FINALIZED, type ToChild, type ToParent } from '../ipc/messages.js';
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

/** What the program wants to do before an end in order. */
export interface Finalizer {
  run(): unknown;
  /** How long it may take, in milliseconds. */
  timeout: number;
}

/** How a child ends by itself, whatever the reason: one ordered sequence, which runs once. */
export class Ending {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #output: Output;
  readonly #steps: EndingSteps;
  /** `undefined` until the process is ready, or if there is none. */
  finalizer: Finalizer | undefined;
  #begun = false;

  constructor(channel: Channel<ToChild, ToParent>, output: Output, steps: EndingSteps) {
    this.#channel = channel;
    this.#output = output;
    this.#steps = steps;
  }

  /** The parent has closed its side of the pipe: it wants this process to end, or is gone. */
  onPipeEnd(): void {
    // Whatever keeps the process from its end, also one that began before.
    setTimeout(() => process.exit(0), MAX_ENDING + (this.finalizer?.timeout ?? 0));
    this.#output.release();
    this.#channel.post([ENDING]);
    this.#channel.flush();
    if (!this.#begun) void this.#endInOrder();
  }

  async #endInOrder(): Promise<void> {
    await this.#steps.abort();
    if (this.finalizer !== undefined) await this.#finalize(this.finalizer);
    this.end(0);
  }

  /** Its failure is reported, and changes nothing. */
  async #finalize({ run, timeout }: Finalizer): Promise<void> {
    const failure = await Promise.race([settle(run), expire(timeout)]);
    this.#channel.postError([FINALIZED, failure]);
    this.#channel.flush();
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

/** @returns what the function has thrown, if it has. */
async function settle(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error ?? new Error(`the finalizer has thrown ${String(error)}`);
  }
}

function expire(time: number): Promise<TimeoutError> {
  return new Promise((resolve) => {
    setTimeout(
      () => resolve(new TimeoutError(`the finalizer has not ended within ${time} ms (finalizerTimeout)`)),
      time,
    );
  });
}
