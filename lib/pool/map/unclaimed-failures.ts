import { PoolTerminatedError } from '../../errors.js';
import { nextTurn } from '../../util/clock.js';

/** The pools with failures to report. */
const pools = new Set<UnclaimedFailures>();

const reportAll = (): void => {
  for (const failures of pools) failures.report();
};

/**
 * The errors of failed maps whose results the program has not asked for: nothing else would tell of them.
 *
 * They are reported as unhandled rejections when their pool has ended or the program is about to exit, not earlier: a
 * result may be asked for at any time until then.
 */
export class UnclaimedFailures {
  readonly #errors = new Map<object, unknown>();

  /**
   * Notes why a map has failed; only the first reason counts. A map that only the end of its pool has stopped has not.
   *
   * @param map - stands for the map.
   */
  note(map: object, error: unknown): void {
    if (error instanceof PoolTerminatedError || this.#errors.has(map)) return;
    this.#errors.set(map, error);
    if (pools.size === 0) process.on('beforeExit', reportAll);
    pools.add(this);
  }

  /** The program has asked for the results of the map. */
  forget(map: object): void {
    if (this.#errors.delete(map) && this.#errors.size === 0) this.#leave();
  }

  /** The pool has ended. Who has waited for that may ask for results next. */
  async reportSoon(): Promise<void> {
    if (this.#errors.size === 0) return;
    await nextTurn();
    this.report();
  }

  report(): void {
    const errors = [...this.#errors.values()];
    this.#errors.clear();
    this.#leave();
    for (const error of errors) void Promise.reject(error);
  }

  #leave(): void {
    pools.delete(this);
    if (pools.size === 0) process.off('beforeExit', reportAll);
  }
}
