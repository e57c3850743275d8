import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Within this time, in milliseconds, a second signal counts as the first one delivered twice: GNU timeout signals both
 * the process and its group, and npm forwards a Ctrl-C that the terminal has already sent.
 */
const ECHO = 200;

/** The first Ctrl-C or SIGTERM asks for a graceful end; the second exits at once. */
export class Interrupts {
  /** The exit code for the first signal, once one arrived. */
  code: number | undefined;
  readonly #listener: (signal: NodeJS.Signals) => void;
  #firstAt = 0;

  /**
   * @param onFirst - starts the graceful end.
   * @param secondCode - the exit code after the second signal. Default: the exit code for the first.
   */
  constructor(onFirst: (signal: NodeJS.Signals) => void, secondCode?: number) {
    this.#listener = (signal) => {
      if (this.code === undefined) {
        this.#firstAt = performance.now();
        this.code = 128 + constants.signals[signal];
        onFirst(signal);
      } else if (performance.now() - this.#firstAt > ECHO) process.exit(secondCode ?? this.code);
    };
  }

  begin(): void {
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  /** Restores the default effect of the signals. */
  end(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }
}
