import type { HostReading, InspectedPool, PoolActions, PoolCounts, PoolReading } from '../../observe/inspection.js';
import { cancelMap, readMaps } from '../../pool/inspection.js';
import type { Maps } from '../../pool/map/maps.js';
import type { WatchedHosts } from './watched-hosts.js';

/** The parts of a distributed pool that a {@link DistributedInspection} reads. */
export interface InspectedDistributedParts {
  readonly name: string;
  readonly events: InspectedPool['events'];
  readonly ended: Promise<void>;
  readonly maps: Maps;
  readonly hosts: WatchedHosts;
  count(): PoolCounts;
  isClosed(): boolean;
  /** How long the datastore takes to answer, in milliseconds; 0: not known. */
  getLatency(): number;
}

/** What a dashboard reads of a distributed pool: hosts are asked for their states only while it is watched. */
export class DistributedInspection implements InspectedPool {
  readonly kind = 'distributed';
  readonly actions: PoolActions;
  readonly #parts: InspectedDistributedParts;

  constructor(parts: InspectedDistributedParts) {
    this.#parts = parts;
    // The hosts have the processes and the tasks that run.
    const isMissing = () => false;
    this.actions = {
      cancelMap: (id) => cancelMap(parts.maps, id),
      cancelTask: isMissing,
      replaceProcess: isMissing,
      pause: isMissing,
      resume: isMissing,
    };
  }

  get name(): string {
    return this.#parts.name;
  }

  get events(): InspectedPool['events'] {
    return this.#parts.events;
  }

  get ended(): Promise<void> {
    return this.#parts.ended;
  }

  count(): PoolCounts {
    return this.#parts.count();
  }

  /** Only hosts know when a task begins, so no task is followed here. */
  watch(): { adapt(): void; end(): void } {
    const { hosts } = this.#parts;
    hosts.begin();
    return { adapt: () => {}, end: () => hosts.end() };
  }

  hosts(): { hosts: HostReading[]; latency: number | undefined } {
    return { hosts: this.#parts.hosts.read(), latency: this.#parts.getLatency() || undefined };
  }

  read(): PoolReading {
    const { maps } = this.#parts;
    return {
      ...this.count(),
      state: this.#parts.isClosed() ? 'closed' : 'open',
      maxQueueSize: undefined,
      sharedMemory: undefined,
      sampling: 1,
      processes: [],
      maps: readMaps(maps),
      streams: [],
      calls: maps.unfinished.size,
    };
  }
}
