import type { HostReading } from '../../observe/inspection.js';
import type { HostSnapshot, HostState } from '../snapshot.js';
import { readHostState } from './host-state.js';

/** Over how many of its states the rate of a host is measured: it sends one a second. */
const RATE_STATES = 6;

interface KnownHost {
  text: string;
  state: HostState;
  /** Its clock and the tasks that had ended by then, for the last states. */
  ended: [clock: number, tasks: number][];
}

/** What is known of the hosts of a distributed pool. */
export class HostCollector {
  #known = new Map<string, KnownHost>();

  read(readings: readonly HostReading[]): HostSnapshot[] {
    const known = new Map<string, KnownHost>();
    for (const reading of readings) {
      const host = this.#readOne(reading);
      if (host !== undefined) known.set(reading.name, host);
    }
    // Of those that are gone nothing is kept.
    this.#known = known;
    return readings.flatMap(({ name, age }) => {
      const host = known.get(name);
      return host === undefined ? [] : { ...host.state, name, age, rate: measureRate(host.ended) };
    });
  }

  #readOne({ name, text, refuse }: HostReading): KnownHost | undefined {
    const before = this.#known.get(name);
    if (before?.text === text) return before;
    try {
      const state = readHostState(text);
      const { clock, pool } = state;
      const ended = [...(before?.ended ?? []), [clock, pool.done + pool.failed] as KnownHost['ended'][number]];
      return { text, state, ended: ended.slice(-RATE_STATES) };
    } catch (error) {
      refuse(error as Error);
      return undefined;
    }
  }
}

function measureRate(ended: KnownHost['ended']): number | undefined {
  const [first, last] = [ended[0], ended.at(-1)];
  if (first === undefined || last === undefined || last[0] <= first[0]) return undefined;
  return Math.max(0, ((last[1] - first[1]) / (last[0] - first[0])) * 1000);
}
