import { isatty } from 'node:tty';
import type { MapOptions } from 'aiomultiprocess';
import { type Log, outliveReader } from '../log.js';
import type { MapSettings } from './settings.js';

const STDOUT = 1;
const STDERR = 2;

/** Whether the progress is shown: on a terminal where neither results nor lines of JSON come in between. */
function showsProgress({ progress, output, jsonLogs }: MapSettings): boolean {
  return progress ?? (isatty(STDERR) && !(output === undefined && isatty(STDOUT)) && !jsonLogs);
}

/** What the pool is told about the progress of its map. */
export function progressOptions(settings: MapSettings): MapOptions {
  if (settings.jsonLogs || !showsProgress(settings)) return {};
  outliveReader();
  return { progress: { label: settings.target.label } };
}

/** As often as the pool has a line where there is no terminal, in milliseconds. */
const PAUSE = 3000;

/**
 * Where messages are JSON, those about the progress are too.
 *
 * @returns what ends it, with a last one.
 */
export function logProgress(
  settings: MapSettings,
  log: Log,
  count: () => { done: number; failed: number },
): () => void {
  if (!settings.jsonLogs || !showsProgress(settings)) return () => {};
  const report = () => log('info', 'progress', count());
  const timer = setInterval(report, PAUSE).unref();
  return () => {
    clearInterval(timer);
    report();
  };
}
