import type { Channel } from '../ipc/channel.js';
import { TIMES, type ToChild, type ToParent } from '../protocol/messages.js';
import { performance } from '../util/clock.js';
import { toMachineTime } from '../util/machine-clock.js';

/** Tells the parent when tasks began and how long they took. */
export class Stopwatch {
  readonly #channel: Channel<ToChild, ToParent>;
  readonly #mask: number;
  readonly #begins = new Map<number, number>();

  /** @param mask - only tasks are measured whose ids have none of these bits: of many tasks, some are enough. */
  constructor(channel: Channel<ToChild, ToParent>, mask: number) {
    this.#channel = channel;
    this.#mask = mask;
  }

  begin(id: number): void {
    if ((id & this.#mask) === 0) this.#begins.set(id, performance.now());
  }

  /** Comes before the message with the result. */
  end(id: number): void {
    const begin = this.#begins.get(id);
    if (begin === undefined) return;
    this.#begins.delete(id);
    this.#channel.post([TIMES, id, toMachineTime(begin), performance.now() - begin]);
  }
}
