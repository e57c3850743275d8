import { nextTick } from './clock.js';
/**
 * Calls a listener of the program. Its error must not stop the pool: it becomes an uncaught exception, like that of any
 * listener.
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
