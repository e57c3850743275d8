import { type MapOptions, Pool, type PoolResult, TaskNotFoundError, tasksFrom } from 'aiomultiprocess';
import type { ChildSettings } from '../child/run-item.js';
import { UsageError } from '../usage-error.js';
import type { ItemSource } from './item-source.js';
import type { MapSettings } from './settings.js';

/** The bundle of that module, which stands beside that of this one. */
const child = tasksFrom<typeof import('../child/run-item.js')>(new URL('./run-item.js', import.meta.url));

/** A pool whose processes run the function. What they print is no result, so it goes to stderr. */
export function createPool({ target, format, initializer, pool }: MapSettings): Pool {
  const settings: ChildSettings = { target, format, initializer };
  return new Pool({ ...pool, name: target.label, stdio: 'stderr', initializer: child.setUp, initargs: [settings] });
}

/**
 * Waits until a process has found the function.
 *
 * @throws {@link UsageError} if there is none of that name, InitializerError, what its module throws.
 */
export async function checkFunction(pool: Pool): Promise<void> {
  try {
    await pool.apply(child.check);
  } catch (error) {
    // With a cause the module is there, and has failed.
    if (error instanceof TaskNotFoundError && error.cause === undefined) throw new UsageError(error.message);
    throw error;
  }
}

/** Each result is a text in JSON. */
export function runItems(pool: Pool, source: ItemSource, options: MapOptions): PoolResult<string> {
  return pool.map(child.task, source, options);
}
