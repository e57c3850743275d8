import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The first Ctrl-C asks to come to an end, the second ends at once; SIGTERM likewise. */
export class Interrupts {
  /** The exit code that says which signal it was. */
  code: number | undefined;
  readonly #listener: (signal: NodeJS.Signals) => void;

  /** @param onFirst - what is to be done to come to an end. */
  constructor(onFirst: (signal: NodeJS.Signals) => void) {
    this.#listener = (signal) => {
      if (this.code !== undefined) process.exit(this.code);
      this.code = 128 + constants.signals[signal];
      onFirst(signal);
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
