import type { ServerResponse } from 'node:http';
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../../util/clock.js';
import type { ProgramCollector } from '../collect/program-collector.js';
import { Viewer } from './viewer.js';

/** The time between two states, in milliseconds. */
const INTERVAL = 250;
/** How long tasks are still followed when the last page has gone: it may be reloaded. In milliseconds. */
const GRACE = 3000;
/** More pages than people look at. */
const MAX_VIEWERS = 16;

/** The pages that are open. While there is one, the collectors follow tasks. */
export class Viewers {
  readonly #collector: ProgramCollector;
  readonly #actions: boolean;
  readonly #viewers = new Set<Viewer>();
  #timer: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(collector: ProgramCollector, actions: boolean) {
    this.#collector = collector;
    this.#actions = actions;
  }

  get isFull(): boolean {
    return this.#viewers.size >= MAX_VIEWERS;
  }

  add(response: ServerResponse): void {
    const viewer = new Viewer(response, () => this.#remove(viewer));
    this.#viewers.add(viewer);
    clearTimeout(this.#grace);
    if (this.#timer === undefined) {
      this.#collector.isWatched = true;
      this.#timer = setInterval(() => this.#send(this.#viewers), INTERVAL).unref();
    }
    this.#send([viewer]);
  }

  close(): void {
    clearTimeout(this.#grace);
    clearInterval(this.#timer);
    for (const viewer of this.#viewers) viewer.close();
  }

  #send(viewers: Iterable<Viewer>): void {
    const all = [...viewers];
    if (all.length === 0) return;
    // Also if none of them reads: the sample of tasks adapts to their number.
    const snapshot = this.#collector.read(this.#actions);
    const text = all.some((viewer) => viewer.isReady) ? JSON.stringify(snapshot) : '';
    for (const viewer of all) viewer.send(text, (cursor) => this.#collector.readIncrement(cursor));
  }

  #remove(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0) return;
    this.#grace = setTimeout(() => {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#collector.isWatched = false;
    }, GRACE).unref();
  }
}
