import type { PoolMap } from '../map/pool-map.js';

/** The maps that have more items, in the order in which they are asked for the next: by priority, and in turn within one. */
export class MapRotation {
  #maps: PoolMap<unknown>[] = [];

  get isEmpty(): boolean {
    return this.#maps.length === 0;
  }

  /** How many items are left; infinite if that is unknown. */
  get remaining(): number {
    let remaining = 0;
    for (const map of this.#maps) remaining += map.remaining;
    return remaining;
  }

  /** Behind the others of its priority. */
  add(map: PoolMap<unknown>): void {
    const behind = this.#maps.findIndex(({ priority }) => priority < map.priority);
    this.#maps.splice(behind === -1 ? this.#maps.length : behind, 0, map);
  }

  remove(map: PoolMap<unknown>): void {
    this.#maps = this.#maps.filter((other) => other !== map);
  }

  /** The map at this position in the order. */
  at(position: number): PoolMap<unknown> | undefined {
    return this.#maps[position];
  }

  /** All maps, in order. */
  list(): PoolMap<unknown>[] {
    return [...this.#maps];
  }

  /** An item of this map was taken: the others of its priority come first now. */
  passTurn(map: PoolMap<unknown>): void {
    if (this.#maps.length === 1 || map.ended) return;
    this.#maps.splice(this.#maps.indexOf(map), 1);
    this.add(map);
  }
}
