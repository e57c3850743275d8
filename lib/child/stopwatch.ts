import type { Channel } from '../ipc/channel.js';
import { TIMES, type ToChild, type ToParent } from '../protocol/messages.js';
import { performance } from '../util/clock.js';
import { toMachineTime } from '../util/machine-clock.js';

/** Tells the parent when each task began and how long it took. */
export class Stopwatch {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #begins = new Map<number, number>();

  constructor(channel: Channel<ToChild, ToParent>) {
    this.#channel = channel;
  }

  begin(id: number): void {
    this.#begins.set(id, performance.now());
  }

  /** Comes before the message with the result. */
  end(id: number): void {
    const begin = this.#begins.get(id);
    if (begin === undefined) return;
    this.#begins.delete(id);
    this.#channel.post([TIMES, id, toMachineTime(begin), performance.now() - begin]);
  }
}
