import { clearInterval, setInterval } from '../../util/clock.js';
import type { Progress } from './progress.js';
import { describeRest, formatRate } from './text.js';

/** The time between two lines, in milliseconds. */
const PAUSE = 3000;

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
  const counts = progress.read();
  const { done, failed, total, rate } = counts;
  const parts = [`${progress.label}: ${done}${total === undefined ? '' : `/${total} (${percentOf(done, total)} %)`}`];
  if (failed > 0) parts.push(`${failed} failed`);
  parts.push(`${formatRate(rate)}/s`);
  const rest = describeRest(counts);
  if (rest !== undefined && done !== total) parts.push(rest);
  return parts.join(', ');
}

function percentOf(done: number, total: number): number {
  return total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
}
