import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * A second signal within so many milliseconds is the first one again: GNU timeout sends it to the process and to its
 * group, npm passes on what a terminal has sent to both.
 */
const ECHO = 200;

/** The first Ctrl-C asks to come to an end, the second ends at once; SIGTERM likewise. */
export class Interrupts {
  /** The exit code that says which signal it was. */
  code: number | undefined;
  readonly #listener: (signal: NodeJS.Signals) => void;
  #firstAt = 0;

  /**
   * @param onFirst - what is to be done to come to an end.
   * @param secondCode - the exit code after the second; default: the one that says which signal the first was.
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

  /** Signals mean again what they mean to any program. */
  end(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }
}
