import type { InspectedPool } from '../../observe/inspection.js';
import { performance } from '../../util/clock.js';
import { writeHostState } from './host-state.js';
import { PoolCollector } from './pool-collector.js';

/** Describes the pool of a host for the programs that watch it. Follows its tasks until it is closed. */
export class HostReporter {
  readonly #collector: PoolCollector;

  constructor(pool: InspectedPool) {
    this.#collector = new PoolCollector('', pool);
    this.#collector.watch();
  }

  /** The state of the host as text; `undefined` if the pool is not that of a host. */
  read(): string | undefined {
    const pool = this.#collector.read();
    return pool.host && writeHostState(performance.now(), pool.host, pool);
  }

  close(): void {
    this.#collector.close();
  }
}
