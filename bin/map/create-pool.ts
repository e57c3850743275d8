import { type MapOptions, Pool, type PoolResult, TaskNotFoundError, tasksFrom } from 'aiomultiprocess';
import { UsageError } from '../util/errors.js';
import type { ChildSettings } from './child/run-item.js';
import type { ItemSource } from './input/item-source.js';
import type { MapSettings } from './settings.js';

/** In dist/bin/, the bundle of that module stands beside the bundle of this one. */
const child = tasksFrom<typeof import('./child/run-item.js')>(new URL('./run-item.js', import.meta.url));

/** A pool whose processes run the function. Their printed output goes to stderr, because stdout carries the results. */
export function createPool({ target, format, initializer, pool }: MapSettings): Pool {
  const settings: ChildSettings = { target, format, initializer };
  return new Pool({ ...pool, name: target.label, stdio: 'stderr', initializer: child.setUp, initargs: [settings] });
}

/**
 * Waits until a process has found the function.
 *
 * @throws {@link UsageError} if the module has no export of that name; InitializerError; the error of its module.
 */
export async function checkFunction(pool: Pool): Promise<void> {
  try {
    await pool.apply(child.check);
  } catch (error) {
    // An error with a cause means that the module exists and failed to load.
    if (error instanceof TaskNotFoundError && error.cause === undefined) throw new UsageError(error.message);
    throw error;
  }
}

/** Maps the items. Each result is JSON text. */
export function runItems(pool: Pool, source: ItemSource, options: MapOptions): PoolResult<string> {
  return pool.map(child.task, source, options);
}
