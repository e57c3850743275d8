import { setInterval } from './clock.js';
/** The longest delay of a timer, 24.8 days; with a longer one it fires at once. */
export const MAX_DELAY = 0x7fffffff;

let timer: NodeJS.Timeout | undefined;
let holders = 0;

/**
 * Keeps the program running until {@link release} has been called the same number of times.
 *
 * Children and their pipes do not keep it running, so that a finished program can exit with an open pool. Switching one
 * timer is cheaper than switching the handles of every child. The timer fires once in 24 days, without effect.
 */
export function hold(): void {
  if (holders++ > 0) return;
  if (timer === undefined) timer = setInterval(() => {}, MAX_DELAY);
  else timer.ref();
}

export function release(): void {
  if (--holders === 0) timer?.unref();
}

/** Keeps the program running until the promise settles. */
export async function holdUntil<T>(promise: Promise<T>): Promise<T> {
  hold();
  try {
    return await promise;
  } finally {
    release();
  }
}
