import type { HostReporter } from '../../dashboard/collect/host-reporter.js';
import type { InspectedPool } from '../../observe/inspection.js';
import { clearTimeout, setTimeout } from '../../util/clock.js';

/** How long after the last question the tasks are still followed, in milliseconds. */
const MAX_PAUSE = 5000;
/** How many rounds of questions are remembered. */
const MAX_ROUNDS = 100;

/** Writes the state of a host for the dashboards of its callers. It follows the tasks of the pool only while they ask. */
export class StateWriter {
  readonly #pool: InspectedPool;
  readonly #rounds = new Set<string>();
  #reporter: Promise<HostReporter> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(pool: InspectedPool) {
    this.#pool = pool;
  }

  /** @returns `undefined` if it was called with this round before. */
  async write(round: string): Promise<string | undefined> {
    if (this.#rounds.has(round)) return undefined;
    this.#rounds.add(round);
    const [oldest] = this.#rounds;
    if (this.#rounds.size > MAX_ROUNDS && oldest !== undefined) this.#rounds.delete(oldest);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), MAX_PAUSE).unref();
    this.#reporter ??= createReporter(this.#pool);
    return (await this.#reporter).read();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#reporter?.then(
      (reporter) => reporter.close(),
      // The caller of write() has the error.
      () => {},
    );
    this.#reporter = undefined;
  }
}

async function createReporter(pool: InspectedPool): Promise<HostReporter> {
  const { HostReporter } = await import('../../dashboard/collect/host-reporter.js');
  return new HostReporter(pool);
}
