import { TimeoutError } from '../errors.js';
import type { Channel } from '../ipc/channel.js';
import { ENDING, FINALIZED, type ToChild, type ToParent } from '../protocol/messages.js';
import { setTimeout } from '../util/clock.js';
import type { Output } from './output.js';

/**
 * The longest time that an orderly end takes, in milliseconds: the reader of its output may have stalled, and its parent may be
 * gone. A parent that is there kills the process a second later, in which Node.js writes coverage and profiles.
 */
const MAX_ENDING = 4000;

/** What the owner of an {@link Ending} does before the end of the process. */
export interface EndingSteps {
  /** Aborts the signals of the running tasks. Resolves when they have had time to react. */
  abort(): Promise<void>;
}

/** The program's finalizer. */
export interface Finalizer {
  run(): unknown;
  /** How long it may take, in milliseconds. */
  timeout: number;
}

/** Ends a child, whatever the reason, in one ordered sequence that runs once. */
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

  /** The parent has closed its side of the pipe: it ends this process, or is gone. */
  onPipeEnd(): void {
    // Ends the process even if a step below, or an earlier end, does not finish.
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

  /** A failing finalizer is reported, and has no other effect. */
  async #finalize({ run, timeout }: Finalizer): Promise<void> {
    const failure = await Promise.race([settle(run), expire(timeout)]);
    this.#channel.postError([FINALIZED, failure]);
    this.#channel.flush();
  }

  /** An exception outside of any task ends the process. */
  fail(): void {
    setTimeout(() => process.exit(1), MAX_ENDING);
    this.end(1);
  }

  /**
   * Writes all output first, as any program does. Open handles that tasks and initializers leave behind do not keep a finished
   * child alive.
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
