import { type MapOptions, type Outcome, Pool, TaskNotFoundError, tasksFrom } from 'aiomultiprocess';
import { UsageError } from '../util/errors.js';
import type { ChildSettings } from './child/run-item.js';
import type { ItemSource } from './input/item-source.js';
import type { MapSettings } from './settings.js';

/** In dist/bin/, the bundle of that module stands beside the bundle of this one. */
const child = tasksFrom<typeof import('./child/run-item.js')>(new URL('./run-item.js', import.meta.url));

/** The outcomes of a map, whose values are JSON. */
export interface ItemResults {
  outcomes(options: { unordered: boolean }): AsyncIterable<Outcome<string>>;
  cancel(reason: unknown): void;
}

/** What runs the items: processes of this machine, or hosts. */
export interface ItemPool {
  readonly pool: { close(): void; terminate(): void; join(): Promise<void> };
  /**
   * Waits until items can run.
   *
   * @throws {@link UsageError} if the module has no export of that name.
   */
  check(): Promise<void>;
  run(source: ItemSource, options: MapOptions): ItemResults;
}

/** Processes of this machine. */
export function createLocalPool(settings: MapSettings): ItemPool {
  const pool = createPool(settings);
  return { pool, check: () => checkFunction(pool), run: (source, options) => pool.map(child.task, source, options) };
}

/** A pool whose processes run the function. Their printed output goes to stderr, because stdout carries the results. */
function createPool({ target, format, initializer, pool }: MapSettings): Pool {
  const settings: ChildSettings = { target, format, initializer };
  return new Pool({ ...pool, name: target.label, stdio: 'stderr', initializer: child.setUp, initargs: [settings] });
}

/**
 * Waits until a process has found the function.
 *
 * @throws {@link UsageError} if the module has no export of that name; InitializerError; the error of its module.
 */
async function checkFunction(pool: Pool): Promise<void> {
  try {
    await pool.apply(child.check);
  } catch (error) {
    // An error with a cause means that the module exists and failed to load.
    if (error instanceof TaskNotFoundError && error.cause === undefined) throw new UsageError(error.message);
    throw error;
  }
}
