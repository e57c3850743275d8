/**
 * How much of a child its tasks take. A child works on up to `limit` tasks of a function, so each takes a share of
 * 1 / `limit`; the shares of tasks of different functions add up.
 */

/** All of a child. A power of two: sums of shares are exact, and up to a limit of 1000 exactly that many tasks fit. */
export const FULL = 2 ** 20;

/** What a task takes of a child that works on up to `limit` of them. */
export function shareOf(limit: number): number {
  return Math.floor(FULL / Math.min(limit, FULL));
}
