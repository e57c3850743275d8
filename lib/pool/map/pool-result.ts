import { InvalidStateError } from '../../errors.js';
import type { ProgressCounts } from '../../observe/progress/progress.js';
import { raise } from '../../util/raise.js';
import { Failure, Outcomes } from './outcomes.js';
import { ArrivalOrder, InputOrder, type ResultOrder } from './result-order.js';
import type { UnclaimedFailures } from './unclaimed-failures.js';

/**
 * The outcome of one item of a map: the value or the error of its task, as `Promise.allSettled` gives it, and its index.
 *
 * @since 0.2.0
 */
export type Outcome<R> = {
  /** The index of the item in the input. */
  index: number;
} & PromiseSettledResult<R>;

/**
 * A result that does not come in the order of the input.
 *
 * @since 0.2.0
 */
export interface IndexedResult<R> {
  /** The index of the item in the input. */
  index: number;
  /** What the task returned for it. */
  value: R;
}

/** What a {@link PoolResult} asks of the map that fills it. */
export interface ResultSource {
  /** Whether results may pile up: the input is an array, which is in memory anyway. */
  readonly isArray: boolean;
  /** Records failures that the program may never ask for. */
  readonly failures: Pick<UnclaimedFailures, 'note' | 'forget'>;
  /** The result at this index was taken, or all of them are kept from now on: there may be room for more. */
  onTaken(index?: number): void;
  /** All results are there, or none will follow. Called once. */
  onOver(): void;
  cancel(reason: unknown): void;
}

/** Turns an outcome into the value that a loop yields; a promise that rejects ends the loop. */
type Reader<T> = (outcome: unknown, index: number) => T | Promise<never>;

/** A call that waits for results. */
interface Waiter {
  isMet(): boolean;
  resolve(): void;
}

/**
 * The results of `map` or `starmap`, in the order of the input.
 *
 * - `await` gives them all, any number of times, or rejects with the first error; the other tasks still run.
 * - `for await` gives each as soon as it and those before it are there. Breaking out of the loop cancels the rest.
 * - {@link unordered} gives each as soon as it is there, whatever its position.
 * - {@link settled} gives all with their errors, {@link outcomes} each with its error, one by one.
 *
 * Over an array the results are kept. Over any other iterable a loop takes them away, and sets the pace at which items
 * are read: such a result can be iterated once. An input that fails ends a loop with its error, after the results of
 * the items before.
 *
 * A failed result that the program never asks for is an unhandled rejection when its pool has ended, or the program is
 * about to exit. {@link cancel} counts as asking.
 *
 * @example
 * ```ts
 * const pages = await pool.map(fetchPage, urls);
 * for await (const page of pool.map(fetchPage, urls)) await save(page);
 * for await (const { index, value } of pool.map(fetchPage, urls).unordered()) await save(value, urls[index]);
 * ```
 *
 * @since 0.2.0
 */
export class PoolResult<R> implements PromiseLike<R[]>, AsyncIterable<R> {
  readonly #source: ResultSource;
  readonly #outcomes = new Outcomes();
  #waiters: Waiter[] = [];
  /** The orders of the loops that run. */
  readonly #orders = new Set<ResultOrder>();
  #count = 0;
  #taken = 0;
  #total = Number.POSITIVE_INFINITY;
  /** The first task that failed, why the input ended early, and why the map was cancelled. */
  #failure: Failure | undefined;
  #failed = 0;
  #inputFailure: Failure | undefined;
  #cancelled: Failure | undefined;
  /** Whether a loop takes the results away, or they are kept whatever the input is. */
  #streaming = false;
  #collecting = false;
  #all: Promise<R[]> | undefined;
  #wasOver = false;
  /** Whether the program has asked for the results, and what {@link UnclaimedFailures} knows them by. */
  #isClaimed = false;
  readonly #ticket = {};

  /** @internal */
  constructor(source: ResultSource) {
    this.#source = source;
  }

  /** All results in the order of the input, or the first error: what `await` calls. */
  then<T = R[], E = never>(
    onfulfilled?: ((value: R[]) => T | PromiseLike<T>) | null,
    onrejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    this.#claim();
    this.#all ??= this.#collect();
    return this.#all.then(onfulfilled, onrejected);
  }

  /** Like `Promise.prototype.catch()`. */
  catch<E = never>(onrejected?: ((reason: unknown) => E | PromiseLike<E>) | null): Promise<R[] | E> {
    return this.then(undefined, onrejected);
  }

  /** Like `Promise.prototype.finally()`. */
  finally(onfinally?: (() => void) | null): Promise<R[]> {
    return this.then().finally(onfinally);
  }

  async #collect(): Promise<R[]> {
    this.#keep();
    await this.#wait(() => this.#failure !== undefined || this.#isOver);
    const failure = this.#failure ?? this.#cancelled ?? this.#inputFailure;
    if (failure !== undefined) return raise(failure.error);
    return this.#outcomes.toArray() as R[];
  }

  /** All outcomes, like `Promise.allSettled`. */
  async settled(): Promise<PromiseSettledResult<R>[]> {
    this.#claim();
    this.#keep();
    await this.#wait(() => this.#isOver);
    const failure = this.#cancelled ?? this.#inputFailure;
    if (failure !== undefined) return raise(failure.error);
    return this.#outcomes.toArray().map((outcome) => describe<R>(outcome));
  }

  /** Each result in the order of the input, as soon as it and those before it are there: what `for await` calls. */
  [Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    return this.#loop(InputOrder, resultOf<R>);
  }

  /** Each result as soon as it is there, with the index of its item. Breaking out of the loop cancels the rest. */
  unordered(): AsyncGenerator<IndexedResult<R>, void, undefined> {
    return this.#loop(ArrivalOrder, (outcome, index) =>
      outcome instanceof Failure ? raise(outcome.error) : { index, value: outcome as R },
    );
  }

  /**
   * The outcome of each item, one by one: like {@link settled}, also over an endless stream. A task that fails
   * does not end the loop. Breaking out of it cancels the rest.
   *
   * @param options - `unordered`: each as soon as it is there. Default: in the order of the input.
   * @throws the error of an input that fails, after the outcomes of the items before.
   * @example
   * ```ts
   * for await (const outcome of pool.map(parse, lines).outcomes()) {
   *   if (outcome.status === 'rejected') console.error(`line ${outcome.index + 1}:`, outcome.reason);
   * }
   * ```
   */
  outcomes({ unordered = false }: { unordered?: boolean } = {}): AsyncGenerator<Outcome<R>, void, undefined> {
    const read = (outcome: unknown, index: number) => ({ index, ...describe<R>(outcome) });
    return this.#loop(unordered ? ArrivalOrder : InputOrder, read);
  }

  /** Yields what `read` returns for each outcome, until it rejects. */
  #loop<T>(Order: new (outcomes: Outcomes) => ResultOrder, read: Reader<T>): AsyncGenerator<T, void, undefined> {
    this.#claim();
    return this.#iterate(Order, read);
  }

  async *#iterate<T>(
    Order: new (outcomes: Outcomes) => ResultOrder,
    read: Reader<T>,
  ): AsyncGenerator<T, void, undefined> {
    const take = this.#beginLoop();
    const order = new Order(this.#outcomes);
    this.#orders.add(order);
    let failed = false;
    try {
      for (let seen = 0; ; seen++) {
        if (!order.isThere()) await this.#wait(() => order.isThere() || this.#hasEnded(seen));
        if (!order.isThere()) return await this.#endLoop();
        const index = order.next();
        const outcome = this.#outcomes.get(index);
        take(index);
        yield read(outcome, index);
      }
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      this.#orders.delete(order);
      this.#leaveLoop(failed);
    }
  }

  /**
   * Cancels the items that have no result yet. Items that have not started never will; loops and promises get the reason.
   *
   * @param reason - default: an `AbortError`.
   */
  cancel(reason: unknown = new DOMException('the map was cancelled', 'AbortError')): void {
    this.#claim();
    this.cancelForPool(reason);
  }

  /** @internal Cancels the map because no process can be started, or the pool was terminated. */
  cancelForPool(reason: unknown): void {
    if (this.#isOver) return;
    this.#cancelled = new Failure(reason);
    this.#note(this.#cancelled);
    this.#source.cancel(reason);
    this.#checkOver();
    this.#wake();
  }

  #note({ error }: Failure): void {
    if (!this.#isClaimed) this.#source.failures.note(this.#ticket, error);
  }

  #claim(): void {
    if (this.#isClaimed) return;
    this.#isClaimed = true;
    this.#source.failures.forget(this.#ticket);
  }

  /** @internal Cancels the map when the signal aborts before all results are there. */
  cancelWith(signal: AbortSignal): void {
    if (signal.aborted) return this.cancel(signal.reason);
    const cancel = () => this.cancel(signal.reason);
    signal.addEventListener('abort', cancel, { once: true });
    void this.whenOver().then(() => signal.removeEventListener('abort', cancel));
  }

  /** @internal How far it is. */
  count(): ProgressCounts {
    const total = this.#total === Number.POSITIVE_INFINITY ? undefined : this.#total;
    return { done: this.#count, failed: this.#failed, total };
  }

  /** @internal Resolves when all results are there, or none will follow. */
  whenOver(): Promise<void> {
    return this.#wait(() => this.#isOver);
  }

  /** @internal How many of `taken` items have results that wait, or will wait, for a consumer. */
  countWaiting(taken: number): number {
    return this.hasPace ? taken - this.#taken : 0;
  }

  /** @internal Whether a consumer sets the pace, so that results must not pile up. */
  get hasPace(): boolean {
    return !this.#source.isArray && !this.#collecting;
  }

  /** @internal The consumer no longer sets the pace. */
  takeAnyNumber(): void {
    if (!this.#streaming) this.#collecting = true;
  }

  /** @internal The input had this many items; then it ended, or failed. */
  onInputEnd(total: number, failure?: Failure): void {
    this.#total = total;
    this.#inputFailure = failure;
    if (failure !== undefined) this.#note(failure);
    this.#checkOver();
    this.#wake();
  }

  /** @internal A value, or a {@link Failure}. */
  onOutcome(index: number, outcome: unknown): void {
    if (this.#cancelled !== undefined) return;
    this.#outcomes.set(index, outcome);
    this.#count++;
    if (outcome instanceof Failure) {
      this.#failure ??= outcome;
      this.#note(outcome);
      this.#failed++;
    }
    for (const order of this.#orders) order.onArrival(index);
    if (this.#count === this.#total) this.#checkOver();
    this.#wake();
  }

  #checkOver(): void {
    if (this.#wasOver || !this.#isOver) return;
    this.#wasOver = true;
    this.#source.onOver();
  }

  /** Whether all results are there, or none will follow. */
  get #isOver(): boolean {
    return this.#cancelled !== undefined || this.#inputFailure !== undefined || this.#count === this.#total;
  }

  /** Whether no further result follows after this many. */
  #hasEnded(seen: number): boolean {
    return this.#cancelled !== undefined || seen >= this.#total;
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
      this.#outcomes.take(index);
      this.#taken++;
      this.#source.onTaken(index);
    };
  }

  async #endLoop(): Promise<void> {
    const failure = this.#cancelled ?? this.#inputFailure;
    if (failure !== undefined) return raise(failure.error);
  }

  /** Leaving a loop early cancels the rest. A loop that ends with an error cancels it only if its results are not kept. */
  #leaveLoop(failed: boolean): void {
    if (!failed || this.#streaming) this.cancel();
  }

  #wait(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ isMet, resolve }));
  }

  #wake(): void {
    for (let at = 0; at < this.#waiters.length; ) {
      const waiter = this.#waiters[at] as Waiter;
      if (waiter.isMet()) {
        this.#waiters.splice(at, 1);
        waiter.resolve();
      } else at++;
    }
  }
}

function resultOf<R>(outcome: unknown): R | Promise<never> {
  return outcome instanceof Failure ? raise(outcome.error) : (outcome as R);
}

function describe<R>(outcome: unknown): PromiseSettledResult<R> {
  return outcome instanceof Failure
    ? { status: 'rejected', reason: outcome.error }
    : { status: 'fulfilled', value: outcome as R };
}
