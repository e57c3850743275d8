import { InvalidStateError } from '../errors.js';
import { raise } from './raise.js';
import type { TaskSink } from './task.js';

/** What a {@link PoolResult} asks of the map that fills it. */
export interface ResultSource {
  /** Whether the results may pile up: the input is an array, which is in memory anyway. */
  readonly isArray: boolean;
  /** Results were taken: there may be room for more. */
  onTaken(): void;
  cancel(): void;
}

type Outcome<R> = { value: R } | { error: unknown };

/**
 * The results of `map` or `starmap`, in the order of the input.
 *
 * - `await` gives them all, any number of times, or rejects with the first error; the other tasks still run.
 * - `for await` gives each as soon as it and those before it are there. Breaking out of the loop cancels the rest.
 * - {@link unordered} gives each as soon as it is there, {@link settled} all with their errors.
 *
 * Over an array the results are kept. Over any other iterable a loop takes them away, and sets the pace at which items
 * are read: such a result can be iterated once.
 */
export class PoolResult<R> implements PromiseLike<R[]>, AsyncIterable<R> {
  readonly #source: ResultSource;
  readonly #outcomes = new Map<number, Outcome<R>>();
  readonly #listeners = new Set<(index: number) => void>();
  #settledCount = 0;
  #released = 0;
  #total: number | undefined;
  /** Why the input ended early, or the map was cancelled. */
  #failure: { error: unknown } | undefined;
  /** Whether a loop takes the results away. */
  #streaming = false;
  #collecting = false;
  #all: Promise<R[]> | undefined;

  /** @internal */
  constructor(source: ResultSource) {
    this.#source = source;
  }

  then<T = R[], E = never>(
    onfulfilled?: ((value: R[]) => T | PromiseLike<T>) | null,
    onrejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    this.#all ??= this.#collect();
    return this.#all.then(onfulfilled, onrejected);
  }

  /** All outcomes, like `Promise.allSettled`. */
  async settled(): Promise<PromiseSettledResult<R>[]> {
    this.#keep();
    await this.#wait(() => this.#isComplete);
    if (this.#failure !== undefined) return raise(this.#failure.error);
    return Array.from({ length: this.#total as number }, (_, index) => {
      const outcome = this.#outcomes.get(index) as Outcome<R>;
      if ('error' in outcome) return { status: 'rejected', reason: outcome.error };
      return { status: 'fulfilled', value: outcome.value };
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    const release = this.#beginLoop();
    let failed = false;
    try {
      for (let index = 0; ; index++) {
        if (!this.#outcomes.has(index)) await this.#wait(() => this.#outcomes.has(index) || this.#isOver(index));
        const outcome = this.#outcomes.get(index);
        if (outcome === undefined) {
          if (this.#failure !== undefined) return await raise(this.#failure.error);
          return;
        }
        release(index);
        failed = 'error' in outcome;
        if ('error' in outcome) return await raise(outcome.error);
        yield outcome.value;
      }
    } finally {
      this.#endLoop(failed);
    }
  }

  /** Each result as soon as it is there, with the index of its item. Breaking out of the loop cancels the rest. */
  async *unordered(): AsyncGenerator<{ index: number; value: R }, void, undefined> {
    const ready = [...this.#outcomes.keys()];
    const listener = (index: number) => {
      if (index >= 0) ready.push(index);
    };
    const release = this.#beginLoop();
    this.#listeners.add(listener);
    let failed = false;
    try {
      for (let at = 0; ; at++) {
        if (at === ready.length && !this.#isComplete) await this.#wait(() => at < ready.length || this.#isComplete);
        if (at === ready.length) {
          if (this.#failure !== undefined) return await raise(this.#failure.error);
          return;
        }
        const index = ready[at] as number;
        const outcome = this.#outcomes.get(index) as Outcome<R>;
        release(index);
        failed = 'error' in outcome;
        if ('error' in outcome) return await raise(outcome.error);
        yield { index, value: outcome.value };
        if (at > 1024) {
          ready.splice(0, at + 1);
          at = -1;
        }
      }
    } finally {
      this.#listeners.delete(listener);
      this.#endLoop(failed);
    }
  }

  /**
   * Gives up on what is not there yet: items that have not started never will, and whoever waits gets the reason.
   *
   * @param reason - default: an `AbortError`.
   */
  cancel(reason: unknown = new DOMException('the map was cancelled', 'AbortError')): void {
    if (this.#isComplete) return;
    this.#source.cancel();
    this.#fail(reason);
  }

  /** @internal How many of `taken` items have results that wait, or will wait, for a consumer. */
  countWaiting(taken: number): number {
    return this.#source.isArray || this.#collecting ? 0 : taken - this.#released;
  }

  /** @internal The consumer no longer sets the pace. */
  takeAnyNumber(): void {
    if (!this.#streaming) this.#collecting = true;
  }

  /** @internal The input had so many items. */
  onInputEnd(total: number): void {
    this.#total ??= total;
    this.#notify(-1);
  }

  /** @internal The input failed; what was taken from it is still answered, but there is no whole any more. */
  onInputError(error: unknown): void {
    this.#fail(error);
  }

  /** @internal */
  onOutcome(index: number, outcome: Outcome<R>): void {
    if (this.#failure !== undefined) return;
    this.#outcomes.set(index, outcome);
    this.#settledCount++;
    this.#notify(index);
  }

  get #isComplete(): boolean {
    return this.#failure !== undefined || this.#settledCount === this.#total;
  }

  #isOver(index: number): boolean {
    return this.#failure !== undefined || (this.#total !== undefined && index >= this.#total);
  }

  async #collect(): Promise<R[]> {
    this.#keep();
    let failed: { error: unknown } | undefined;
    const check = (index: number) => {
      const outcome = this.#outcomes.get(index);
      if (failed === undefined && outcome !== undefined && 'error' in outcome) failed = outcome;
    };
    for (const index of this.#outcomes.keys()) check(index);
    this.#listeners.add(check);
    await this.#wait(() => failed !== undefined || this.#isComplete);
    this.#listeners.delete(check);
    const error = failed ?? this.#failure;
    if (error !== undefined) return raise(error.error);
    const values: R[] = new Array(this.#total as number);
    for (let index = 0; index < values.length; index++) {
      values[index] = (this.#outcomes.get(index) as { value: R }).value;
    }
    return values;
  }

  #keep(): void {
    if (this.#streaming) throw new InvalidStateError('the results were taken by a loop over them; keep them there');
    this.#collecting = true;
    this.#source.onTaken();
  }

  /** @returns what to call for each result that the loop has taken. */
  #beginLoop(): (index: number) => void {
    if (this.#source.isArray || this.#collecting) return () => {};
    if (this.#streaming) {
      throw new InvalidStateError('the results of a map over a stream can be iterated once; collect them in an array');
    }
    this.#streaming = true;
    return (index) => {
      this.#outcomes.delete(index);
      this.#released++;
      this.#source.onTaken();
    };
  }

  #wait(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const listener = () => {
        if (!condition()) return;
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }

  /** A loop that was left early gives up on the rest; one that met an error does if nobody else can have it. */
  #endLoop(failed: boolean): void {
    if (!failed || this.#streaming) this.cancel();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#notify(-1);
  }

  /** @param index - of the outcome that is there now, or -1 if it is the input that has changed. */
  #notify(index: number): void {
    for (const listener of this.#listeners) listener(index);
  }
}

/** Where the tasks of a map bring their outcomes. */
export class MapSink<R> implements TaskSink {
  cancelled = false;
  readonly onProgress: ((value: unknown, index: number) => void) | undefined;
  readonly #result: PoolResult<R>;

  constructor(result: PoolResult<R>, onProgress: ((value: unknown, index: number) => void) | undefined) {
    this.#result = result;
    this.onProgress = onProgress;
  }

  onResult(index: number, value: unknown): void {
    this.#result.onOutcome(index, { value: value as R });
  }

  onError(index: number, error: unknown): void {
    this.#result.onOutcome(index, { error });
  }
}
