import * as lines from './lines.js';
import type { ProgressOptions } from './options.js';
import { Progress, type ProgressSource } from './progress.js';

/**
 * Shows the progress of a map on stderr until it is over: as a bar in a terminal, as lines elsewhere. What draws bars is
 * loaded when it is needed.
 *
 * @param name - that of the function.
 */
export function showProgress(options: ProgressOptions, name: string, items: unknown, source: ProgressSource): void {
  const total = options.total ?? countItems(items);
  const progress = new Progress(options.label ?? (name || 'map'), options.format, total, source);
  const isTerminal = process.stderr.isTTY && process.env.TERM !== 'dumb';
  if (!isTerminal) return lines.show(progress);
  import('./bars.js').then(
    (bars) => bars.show(progress),
    (error) => process.emitWarning(`no progress is shown: ${error}`),
  );
}

/** Of what is in memory it is known how many there are before they are read. */
function countItems(items: unknown): number | undefined {
  if (Array.isArray(items)) return items.length;
  return items instanceof Set || items instanceof Map ? items.size : undefined;
}
