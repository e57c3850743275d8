import { useEffect, useState } from 'preact/hooks';
import type { ActionRequest, Increment, Point, Snapshot, Span } from '../snapshot.js';
import { Connection } from './connection.js';

/** Without a word for this time the program has stopped, or is in a busy loop; in milliseconds. */
const MAX_SILENCE = 2500;
/** What is kept: points for five minutes, tasks for half a minute. In milliseconds. */
export const HISTORY = 300_000;
export const TIMELINE = 30_000;

/** What a pool has told so far. */
export interface PoolHistory {
  points: Point[];
  spans: Span[];
}

export type Status = 'connecting' | 'live' | 'stalled' | 'lost' | 'full' | 'refused';

/** All that the page knows. Components call {@link useStore} to be drawn again when it changes. */
class Store {
  status: Status = 'connecting';
  /** Why it was refused. */
  refusal = '';
  snapshot: Snapshot | undefined;
  /** Why the last action was not done. */
  problem = '';
  readonly #histories = new Map<string, PoolHistory>();
  readonly #listeners = new Set<() => void>();
  #receivedAt = 0;
  readonly #connection = new Connection({
    onOpen: () => {
      // The program tells again all that it knows.
      this.#histories.clear();
      this.#setStatus('connecting');
    },
    onEvent: (name, data) => {
      if (name === 'snapshot') this.#onSnapshot(data as Snapshot);
      if (name === 'increment') this.#onIncrement(data as Increment);
    },
    onLost: (isFull) => this.#setStatus(isFull ? 'full' : 'lost'),
    onRefused: (_status, message) => {
      this.refusal = message;
      this.#setStatus('refused');
    },
  });

  open(): void {
    void this.#connection.open();
    setInterval(() => {
      if (this.status === 'live' && performance.now() - this.#receivedAt > MAX_SILENCE) this.#setStatus('stalled');
    }, 500);
  }

  historyOf(pool: string): PoolHistory {
    const known = this.#histories.get(pool) ?? { points: [], spans: [] };
    this.#histories.set(pool, known);
    return known;
  }

  enterToken(token: string): void {
    this.#setStatus('connecting');
    this.#connection.token = token;
  }

  async act(request: ActionRequest): Promise<void> {
    this.problem = (await this.#connection.act(request)) ?? '';
    this.#tell();
  }

  async saveTrace(pool: string, name: string): Promise<void> {
    this.problem = (await this.#connection.saveTrace(pool, name)) ?? '';
    this.#tell();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #onSnapshot(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.#receivedAt = performance.now();
    this.status = 'live';
    // Of pools that are no longer shown nothing is kept.
    const shown = new Set(snapshot.pools.map(({ id }) => id));
    for (const id of this.#histories.keys()) if (!shown.has(id)) this.#histories.delete(id);
  }

  #onIncrement({ clock, pools }: Increment): void {
    for (const { id, points, spans } of pools) {
      const history = this.historyOf(id);
      history.points = [...history.points, ...points].filter(([at]) => clock - at <= HISTORY);
      history.spans = [...history.spans, ...spans].filter(([, , start, time]) => clock - start - time <= TIMELINE);
    }
    this.#tell();
  }

  #setStatus(status: Status): void {
    this.status = status;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

export const store = new Store();

/** Draws the component again whenever something changes. */
export function useStore(): Store {
  const [, draw] = useState(0);
  useEffect(() => store.subscribe(() => draw((count) => count + 1)), []);
  return store;
}
