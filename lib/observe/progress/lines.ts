import { clearInterval, setInterval } from '../../util/clock.js';
import { formatRate, formatTimeLeft } from './format.js';
import type { Progress } from './progress.js';

/** The time between two lines, in milliseconds. */
const INTERVAL = 3000;

/** Prints a line about a map every few seconds, and one when it ends. */
export function showLines(progress: Progress): void {
  const print = () => void process.stderr.write(`${formatLine(progress)}\n`);
  const timer = setInterval(print, INTERVAL).unref();
  void progress.ended.then(() => {
    clearInterval(timer);
    print();
  });
}

function formatLine(progress: Progress): string {
  const counts = progress.read();
  const { done, failed, total, rate } = counts;
  const parts = [`${progress.label}: ${done}${total === undefined ? '' : `/${total} (${percentOf(done, total)} %)`}`];
  if (failed > 0) parts.push(`${failed} failed`);
  parts.push(`${formatRate(rate)}/s`);
  const timeLeft = formatTimeLeft(counts);
  if (timeLeft !== undefined && done !== total) parts.push(timeLeft);
  return parts.join(', ');
}

function percentOf(done: number, total: number): number {
  return total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
}
