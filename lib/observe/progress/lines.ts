import type { Progress } from './progress.js';
import { formatRate, formatSeconds } from './text.js';

/** The time between two lines, in milliseconds. */
const PAUSE = 5000;

/** Prints a line about a map every few seconds, and one when it is over. */
export function show(progress: Progress): void {
  const print = () => void process.stderr.write(`${describe(progress)}\n`);
  const timer = setInterval(print, PAUSE).unref();
  void progress.ended.then(() => {
    clearInterval(timer);
    print();
  });
}

function describe(progress: Progress): string {
  const { done, failed, total, rate } = progress.read();
  const parts = [`${progress.label}: ${done}${total === undefined ? '' : `/${total} (${percentOf(done, total)} %)`}`];
  if (failed > 0) parts.push(`${failed} failed`);
  parts.push(`${formatRate(rate)}/s`);
  if (total !== undefined && done < total && rate > 0) parts.push(`${formatSeconds((total - done) / rate)} left`);
  return parts.join(', ');
}

function percentOf(done: number, total: number): number {
  return total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
}
