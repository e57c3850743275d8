import type { ServerResponse } from 'node:http';
import { performance } from '../../util/clock.js';
import type { Cursor } from '../collect/program-collector.js';
import type { Increment } from '../snapshot.js';

/** A viewer that takes nothing for this time, in milliseconds, is disconnected: tasks are followed because of it. */
const MAX_STALLED = 30_000;

/**
 * One page that receives the state as Server-Sent Events.
 *
 * While it does not read, nothing is written: it misses states, and never has more than one waiting. The next state is
 * complete, and the increments since then are read from what the collectors keep anyway.
 */
export class Viewer {
  readonly #response: ServerResponse;
  readonly #cursor: Cursor = new Map();
  #stalledAt: number | undefined;

  constructor(response: ServerResponse, onEnd: () => void) {
    this.#response = response;
    response.on('drain', () => {
      this.#stalledAt = undefined;
    });
    response.on('error', () => {});
    response.on('close', onEnd);
    // Proxies like nginx keep answers back, until many kilobytes have come, unless they are told not to.
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    response.flushHeaders();
  }

  /** Whether it reads what it is sent. */
  get isReady(): boolean {
    return this.#stalledAt === undefined;
  }

  /** @param snapshot - as JSON: it is the same for all viewers. */
  send(snapshot: string, readIncrement: (cursor: Cursor) => Increment): void {
    if (this.#stalledAt !== undefined) {
      if (performance.now() - this.#stalledAt > MAX_STALLED) this.close();
      return;
    }
    const increment = JSON.stringify(readIncrement(this.#cursor));
    const hasRoom = this.#response.write(
      `event: snapshot\ndata: ${snapshot}\n\nevent: increment\ndata: ${increment}\n\n`,
    );
    if (!hasRoom) this.#stalledAt = performance.now();
  }

  close(): void {
    this.#response.destroy();
  }
}
