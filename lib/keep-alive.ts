import { setInterval } from './util/clock.js';
/** The longest time that a timer takes, 24.8 days; with a longer one it fires at once. */
export const MAX_DELAY = 0x7fffffff;

let timer: NodeJS.Timeout | undefined;
let holders = 0;

/**
 * Keeps the program running until {@link release} has been called as often.
 *
 * Children and their pipes never do by themselves, so a forgotten pool does not hold a finished program. One timer
 * for all is cheaper to switch than the handles of every child. It does nothing when it fires, once in 24 days.
 */
export function hold(): void {
  if (holders++ > 0) return;
  if (timer === undefined) timer = setInterval(() => {}, MAX_DELAY);
  else timer.ref();
}

export function release(): void {
  if (--holders === 0) timer?.unref();
}
