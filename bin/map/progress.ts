import { isatty } from 'node:tty';
import type { MapOptions } from 'aiomultiprocess';
import type { MapSettings } from './settings.js';

const STDOUT = 1;
const STDERR = 2;

/** Whether the progress is shown: on a terminal where neither results nor lines of JSON come in between. */
function showsProgress({ progress, output, jsonLogs }: MapSettings): boolean {
  return progress ?? (isatty(STDERR) && !(output === undefined && isatty(STDOUT)) && !jsonLogs);
}

/** What the pool is told about the progress of its map. */
export function progressOptions(settings: MapSettings): MapOptions {
  return showsProgress(settings) ? { progress: { label: settings.target.label } } : {};
}
