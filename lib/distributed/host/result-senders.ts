import { ResultSender, type ResultSenderOptions } from './result-sender.js';

/** The results on their way to the callers for whom chunks run. */
export class ResultSenders {
  readonly #create: (caller: string) => ResultSenderOptions;
  readonly #senders = new Map<string, ResultSender>();

  constructor(create: (caller: string) => ResultSenderOptions) {
    this.#create = create;
  }

  has(caller: string): boolean {
    return this.#senders.has(caller);
  }

  open(caller: string): ResultSender {
    const known = this.#senders.get(caller);
    if (known !== undefined) return known;
    const sender = new ResultSender(this.#create(caller));
    this.#senders.set(caller, sender);
    return sender;
  }

  /** The last chunk of a caller has ended. @returns whether any of its chunks has run. */
  close(caller: string): boolean {
    this.#senders.get(caller)?.close();
    return this.#senders.delete(caller);
  }

  closeAll(): void {
    for (const caller of [...this.#senders.keys()]) this.close(caller);
  }
}
