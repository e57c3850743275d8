import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { type InspectedPool, openPools } from '../../observe/inspection.js';
import { clearInterval, performance, setInterval } from '../../util/clock.js';
import type { Increment, PoolSnapshot, Snapshot, Span } from '../snapshot.js';
import { exportTrace } from './export-trace.js';
import { PoolCollector } from './pool-collector.js';

/** The time between two counts, in milliseconds. */
const INTERVAL = 1000;
/** How many pools that have ended are still shown. */
const MAX_ENDED = 4;

/** What a pool that has ended has no longer. */
const NOTHING_RUNS: Partial<PoolSnapshot> = {
  state: 'ended',
  processes: [],
  maps: [],
  streams: [],
  calls: 0,
  hosts: undefined,
};

/** How much of each pool a reader has seen. */
export type Cursor = Map<string, { points: number; spans: number }>;

/** What is known of all pools of the program. */
export class ProgramCollector {
  readonly #id = randomUUID();
  readonly #collectors = new Map<InspectedPool, PoolCollector>();
  /** The last states of pools that have ended, and the tasks that they have run. */
  readonly #ended: { snapshot: PoolSnapshot; spans: Span[] }[] = [];
  readonly #timer: NodeJS.Timeout;
  #count = 0;
  #isWatched = false;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), INTERVAL).unref();
    this.#tick();
  }

  /** Follows tasks from now on, or no longer. */
  set isWatched(isWatched: boolean) {
    this.#isWatched = isWatched;
    for (const collector of this.#collectors.values()) {
      if (isWatched) collector.watch();
      else collector.unwatch();
    }
  }

  find(id: string): PoolCollector | undefined {
    return Array.from(this.#collectors.values()).find((collector) => collector.id === id);
  }

  /** The trace of a pool that runs, or has ended lately. */
  exportTrace(id: string): string | undefined {
    const running = this.find(id);
    if (running !== undefined) return exportTrace(running.pool.name, running.spans.after(0));
    const ended = this.#ended.find(({ snapshot }) => snapshot.id === id);
    return ended && exportTrace(ended.snapshot.name, ended.spans);
  }

  read(actions: boolean): Snapshot {
    this.#findPools();
    const running = Array.from(this.#collectors.values(), (collector) => collector.read());
    return {
      program: {
        id: this.#id,
        pid: process.pid,
        name: basename(process.argv[1] ?? 'node'),
        node: process.version,
        uptime: Math.round(performance.now()),
      },
      clock: performance.now(),
      actions,
      pools: [...running, ...this.#ended.map(({ snapshot }) => snapshot)],
    };
  }

  /** What a reader has not seen. The cursor moves on. */
  readIncrement(cursor: Cursor): Increment {
    const pools = Array.from(this.#collectors.values(), ({ id, points, spans }) => {
      const seen = cursor.get(id) ?? { points: 0, spans: 0 };
      cursor.set(id, { points: points.count, spans: spans.count });
      return { id, points: points.after(seen.points), spans: spans.after(seen.spans) };
    });
    return { clock: performance.now(), pools };
  }

  close(): void {
    clearInterval(this.#timer);
    for (const collector of this.#collectors.values()) collector.close();
    this.#collectors.clear();
  }

  #tick(): void {
    this.#findPools();
    for (const collector of this.#collectors.values()) collector.addPoint();
  }

  #findPools(): void {
    for (const pool of openPools) {
      if (this.#collectors.has(pool)) continue;
      const collector = new PoolCollector(`${++this.#count}`, pool);
      this.#collectors.set(pool, collector);
      if (this.#isWatched) collector.watch();
    }
    for (const [pool, collector] of this.#collectors) if (!openPools.has(pool)) this.#remove(pool, collector);
  }

  #remove(pool: InspectedPool, collector: PoolCollector): void {
    const snapshot = { ...collector.read(), ...NOTHING_RUNS };
    this.#ended.unshift({ snapshot, spans: collector.spans.after(0) });
    if (this.#ended.length > MAX_ENDED) this.#ended.pop();
    collector.close();
    this.#collectors.delete(pool);
  }
}
