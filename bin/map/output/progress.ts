import { isatty } from 'node:tty';
import type { MapOptions } from 'aiomultiprocess';
import { STDERR_FD, STDOUT_FD } from '../../util/descriptors.js';
import { type Log, surviveClosedStderr } from '../../util/log.js';
import type { MapSettings } from '../settings.js';

/** By default, progress appears on a terminal that shows neither results nor JSON messages. */
function showsProgress({ progress, output, jsonLogs }: MapSettings): boolean {
  if (progress !== undefined) return progress !== false;
  return isatty(STDERR_FD) && !(output === undefined && isatty(STDOUT_FD)) && !jsonLogs;
}

/** The options that make the pool show a progress bar, or lines where stderr is not a terminal. */
export function progressOptions(settings: MapSettings): MapOptions {
  if (settings.jsonLogs || !showsProgress(settings)) return {};
  surviveClosedStderr();
  return { progress: { label: settings.target.label, processes: settings.progress === 'processes' } };
}

/** In milliseconds. The pool's own progress lines have the same interval. */
const INTERVAL = 3000;

/**
 * With `--json-logs`, logs the progress as JSON messages instead of a bar.
 *
 * @returns a function that logs a last message and stops.
 */
export function logProgress(
  settings: MapSettings,
  log: Log,
  count: () => { done: number; failed: number },
): () => void {
  if (!settings.jsonLogs || !showsProgress(settings)) return () => {};
  const report = () => log('info', 'progress', count());
  const timer = setInterval(report, INTERVAL).unref();
  return () => {
    clearInterval(timer);
    report();
  };
}
