/** `aiomultiprocess map --queue`: the items run on hosts. */
import { type MapOptions, type Outcome, type PoolResult, tasksFrom } from 'aiomultiprocess';
import type { DistributedPool } from 'aiomultiprocess/distributed';
import { UsageError } from '../util/errors.js';
import type { Log } from '../util/log.js';
import type { Item } from './child/run-item.js';
import type { ItemPool, ItemResults } from './create-pool.js';
import type { ItemSource } from './input/item-source.js';
import type { MapSettings } from './settings.js';

/**
 * A pool over the hosts of a queue, which offer the function. JSON is parsed and written here: hosts run only the
 * functions of the program.
 *
 * @throws {@link UsageError} that names an invalid option and the values it accepts.
 */
export async function createHostPool({ target, format, hosts, pool }: MapSettings, log: Log): Promise<ItemPool> {
  const { DistributedPool } = await import('aiomultiprocess/distributed');
  const { taskTimeout, retries } = pool;
  let created: DistributedPool;
  try {
    created = new DistributedPool({
      ...(hosts as NonNullable<MapSettings['hosts']>),
      ...(taskTimeout !== undefined && { taskTimeout }),
      ...(retries !== undefined && { retries }),
    });
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message, { cause: error }) : error;
  }
  created.on('noHosts', (queue) => log('warn', `no host of the queue ${queue} answers; items wait for one`, { queue }));
  created.on('connectionError', ({ message }) => log('warn', `connection: ${message}`));
  const fn = tasksFrom<Record<string, (item: never) => unknown>>(target.module)[target.name] as (
    item: unknown,
  ) => unknown;
  return {
    pool: created,
    check: () => created.ready(),
    run: (source, options) => new HostResults(created, fn, source, format === 'ndjson', options),
  };
}

/** The results of a map over hosts, as JSON. */
class HostResults implements ItemResults {
  /** Why the items at these positions cannot be sent. */
  readonly #invalid = new Map<number, unknown>();
  readonly #results: PoolResult<unknown>;

  constructor(
    pool: DistributedPool,
    fn: (item: unknown) => unknown,
    source: ItemSource,
    isJson: boolean,
    options: MapOptions,
  ) {
    this.#results = pool.map(fn, isJson ? this.#parse(source) : source, options);
  }

  async *#parse(source: AsyncIterable<Item>): AsyncGenerator<unknown> {
    let position = 0;
    for await (const item of source) {
      yield this.#parseOne(item as string, position);
      position++;
    }
  }

  #parseOne(line: string, position: number): unknown {
    try {
      return JSON.parse(line);
    } catch (error) {
      this.#invalid.set(position, new SyntaxError(`the line is not JSON: ${(error as Error).message}`));
      // A function cannot be sent, so this item alone fails, in its place among the others.
      return () => {};
    }
  }

  async *outcomes(options: { unordered: boolean }): AsyncGenerator<Outcome<string>> {
    for await (const outcome of this.#results.outcomes(options)) yield this.#write(outcome);
  }

  #write(outcome: Outcome<unknown>): Outcome<string> {
    const { index } = outcome;
    if (outcome.status === 'rejected') {
      const reason = this.#invalid.get(index) ?? outcome.reason;
      this.#invalid.delete(index);
      return { index, status: 'rejected', reason };
    }
    try {
      return { index, status: 'fulfilled', value: JSON.stringify(outcome.value) ?? 'null' };
    } catch (cause) {
      const message = `the result cannot be written as JSON: ${(cause as Error).message}`;
      return { index, status: 'rejected', reason: new TypeError(message, { cause }) };
    }
  }

  cancel(reason: unknown): void {
    this.#results.cancel(reason);
  }
}
