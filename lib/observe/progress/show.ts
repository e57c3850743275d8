import { showLines } from './lines.js';
import type { ProgressOptions } from './options.js';
import { ProcessLines, type WatchedPool } from './process-lines.js';
import { Progress, type ProgressSource } from './progress.js';

/**
 * Shows the progress of a map on stderr until it ends: as a bar in a terminal, otherwise as lines. The code that draws
 * bars is loaded on demand.
 *
 * @param name - the name of the function.
 * @param pool - the pool whose processes are shown, if they are asked for. No task of the map may have been queued.
 */
export function showProgress(
  options: ProgressOptions,
  name: string,
  items: unknown,
  source: ProgressSource,
  pool: WatchedPool | undefined,
): void {
  const isTerminal = process.stderr.isTTY && process.env.TERM !== 'dumb';
  const label = options.label ?? (name || 'map');
  const rename = (task: string) => (task === name ? label : task || 'a task');
  const processes = isTerminal && pool !== undefined ? new ProcessLines(pool, rename) : undefined;
  const total = options.total ?? countItems(items);
  const progress = new Progress({ label, format: options.format, processes }, total, source);
  void progress.ended.then(() => processes?.close());
  if (!isTerminal) return showLines(progress);
  import('./bars.js').then(
    ({ showBar }) => showBar(progress),
    (error) => process.emitWarning(`cannot show progress: ${error}`),
  );
}

/** The number of items of a collection in memory; other input is counted as it is read. */
function countItems(items: unknown): number | undefined {
  if (Array.isArray(items)) return items.length;
  return items instanceof Set || items instanceof Map ? items.size : undefined;
}
