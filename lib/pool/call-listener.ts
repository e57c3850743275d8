import { nextTick } from '../util/clock.js';
/**
 * Calls a function of the program that only listens: a failure of it must not stop what the pool is doing. It becomes
 * an uncaught exception, as that of any listener does.
 */
export function callListener(listener: () => unknown): void;
export function callListener<A>(listener: (first: A) => unknown, first: A): void;
export function callListener<A, B>(listener: (first: A, second: B) => unknown, first: A, second: B): void;
export function callListener(
  listener: (first: unknown, second: unknown) => unknown,
  first?: unknown,
  second?: unknown,
): void {
  try {
    listener(first, second);
  } catch (error) {
    nextTick(() => {
      throw error;
    });
  }
}
