import type { Ledger } from './ledger.js';
import { type MapOrder, PoolMap, type PoolMapOwner } from './pool-map.js';
import type { PoolResult } from './pool-result.js';
import { Standstill } from './standstill.js';
import { UnclaimedFailures } from './unclaimed-failures.js';

/** Who takes the items of maps, and hands them out as tasks. */
export interface MapTaker {
  addMap(map: PoolMap<unknown>): void;
  removeMap(map: PoolMap<unknown>): void;
}

/** What {@link Maps} need from their pool. */
export interface MapsOwner extends Pick<PoolMapOwner, 'nextId' | 'onRoom'> {
  onCancel(map: PoolMap<unknown>, reason: unknown): void;
}

/** The maps of a pool that may have more items. */
export class Maps {
  readonly #ledger: Ledger;
  readonly #taker: MapTaker;
  readonly #owner: MapsOwner;
  readonly #failures = new UnclaimedFailures();
  readonly #open = new Set<PoolMap<unknown>>();

  constructor(ledger: Ledger, taker: MapTaker, owner: MapsOwner) {
    this.#ledger = ledger;
    this.#taker = taker;
    this.#owner = owner;
  }

  start<R>(order: MapOrder): PoolResult<R> {
    const map: PoolMap<R> = new PoolMap<R>(order, {
      ...this.#owner,
      standstill: new Standstill(this.#ledger),
      failures: this.#failures,
      onInputEnd: () => {
        this.#taker.removeMap(map);
        this.#open.delete(map);
        this.#ledger.close();
      },
      onCancel: (reason) => this.#owner.onCancel(map, reason),
    });
    this.#ledger.open();
    this.#open.add(map);
    this.#taker.addMap(map);
    map.checkEnd();
    return map.result;
  }

  cancel(reason: unknown): void {
    for (const { result } of this.#open) result.giveUp(reason);
  }

  /** The pool has ended: reports failed maps that the program has not asked about. */
  reportFailures(): void {
    void this.#failures.reportSoon();
  }

  /** Nobody may be there to take the results that set the pace of a map: does the work all the same. */
  ignorePace(): void {
    for (const map of this.#open) map.ignorePace();
  }
}
