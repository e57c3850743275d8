import type { TaskLifecycle } from '../task/lifecycle.js';
import { type MapOrder, PoolMap } from './pool-map.js';
import type { PoolResult } from './pool-result.js';
import { UnclaimedFailures } from './unclaimed-failures.js';

/** Takes the items of maps as tasks. */
export interface MapConsumer {
  addMap(map: PoolMap<unknown>): void;
  removeMap(map: PoolMap<unknown>): void;
  /** A map may have an item that it did not have before. */
  onItems(): void;
}

/** The maps of a pool that have not ended. */
export class Maps {
  readonly #lifecycle: TaskLifecycle;
  readonly #consumer: MapConsumer;
  readonly #failures = new UnclaimedFailures();
  /** Those that may have more items. */
  readonly #open = new Set<PoolMap<unknown>>();
  /** Those that may have more results, by a number. */
  readonly unfinished = new Map<number, PoolMap<unknown>>();
  #started = 0;

  constructor(lifecycle: TaskLifecycle, consumer: MapConsumer) {
    this.#lifecycle = lifecycle;
    this.#consumer = consumer;
  }

  start<R>(order: MapOrder): PoolResult<R> {
    const id = ++this.#started;
    const map: PoolMap<R> = new PoolMap<R>(order, this.#lifecycle, this.#failures, {
      onItems: () => this.#consumer.onItems(),
      onInputEnd: () => {
        this.#consumer.removeMap(map);
        this.#open.delete(map);
        this.#lifecycle.close();
      },
      onOver: () => this.unfinished.delete(id),
    });
    this.#lifecycle.open();
    this.#open.add(map);
    this.unfinished.set(id, map);
    this.#consumer.addMap(map);
    map.checkEnd();
    return map.result;
  }

  cancelAll(reason: unknown): void {
    for (const { result } of this.#open) result.cancelForPool(reason);
  }

  /** The pool has ended: reports failed maps whose results the program has not asked for. */
  reportFailures(): void {
    void this.#failures.reportSoon();
  }

  /** Finishes all maps although no consumer may be there to take their results. */
  ignorePace(): void {
    for (const map of this.#open) map.ignorePace();
  }
}
