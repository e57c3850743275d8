import { callListener } from '../../util/call-listener.js';
import { performance } from '../../util/clock.js';
import type { Job } from '../task/job.js';
import type { TaskLifecycle } from '../task/lifecycle.js';
import { Task } from '../task/task.js';
import { MapInput, NOTHING } from './map-input.js';
import { Failure } from './outcomes.js';
import { PoolResult } from './pool-result.js';
import { roughSize } from './rough-size.js';
import type { UnclaimedFailures } from './unclaimed-failures.js';

/** How many results over a stream may wait for their consumer, for each task that runs at a time. */
const RESULTS_PER_SLOT = 4;
const MIN_RESULTS = 1024;

/** The size of the results over a stream that may wait for their consumer by default, in bytes. */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** Results are measured from this size on, in bytes. */
const MIN_SIZE = 4096;

/** What a {@link PoolMap} reports. */
export interface MapEvents {
  /** An item may be there that was not before. */
  onItems(): void;
  /** No more tasks will come from this map. */
  onInputEnd(): void;
  /** All its results are there, or none will follow. */
  onOver(): void;
}

/** What a map runs, and on what. */
export interface MapOrder {
  job: Job;
  items: unknown;
  /** The position of the result of each item, if they are not in the order of the input. */
  indices?: Uint32Array;
  toArguments(item: unknown): readonly unknown[];
  /** How many tasks the pool runs at a time. */
  slots: number;
  /** The size of the results over a stream that may wait for their consumer, in bytes. */
  maxWaitingBytes: number;
  onProgress: ((progress: unknown, index: number) => void) | undefined;
}

/** One `map` or `starmap`: creates a task for each item when the pool asks for one, and takes the outcomes. */
export class PoolMap<R> {
  readonly result: PoolResult<R>;
  readonly startedAt = performance.now();
  ended = false;
  /** Whether the map waits for its consumer. */
  isStalled = false;
  readonly #events: MapEvents;
  readonly #lifecycle: TaskLifecycle;
  readonly #order: MapOrder;
  readonly #input: MapInput;
  /** How many results may wait for their consumer. */
  readonly #limit: number;
  /** The sizes of those that wait, and their sum. Small ones are left out: their number is limited. */
  readonly #sizes = new Map<number, number>();
  #waitingSize = 0;
  /** How many results have come, and their size. */
  #arrived = 0;
  #arrivedSize = 0;

  constructor(order: MapOrder, lifecycle: TaskLifecycle, failures: UnclaimedFailures, events: MapEvents) {
    this.#events = events;
    this.#lifecycle = lifecycle;
    this.#order = order;
    this.#limit = Math.max(MIN_RESULTS, order.slots * RESULTS_PER_SLOT);
    this.#input = new MapInput(
      order.items,
      () => this.#isFull,
      () => {
        this.checkEnd();
        events.onItems();
      },
    );
    this.result = new PoolResult({
      isArray: Array.isArray(order.items),
      failures,
      onTaken: (index) => {
        this.#forgetSize(index);
        if (this.isStalled) this.#review();
        events.onItems();
      },
      onOver: () => events.onOver(),
      cancel: (reason) => this.#cancel(reason),
    });
  }

  get priority(): number {
    return this.#order.job.priority;
  }

  /** The name of the function. */
  get name(): string {
    return this.#order.job.fn.name;
  }

  get remaining(): number {
    return this.#input.remaining;
  }

  /** The number of its items; infinite if that is unknown. */
  get size(): number {
    return this.#input.taken + this.#input.remaining;
  }

  /** The task for the next item; `undefined` if there is no item at this moment, or the input has ended. */
  createTask(): Task | undefined {
    const { indices } = this.#order;
    const index = indices === undefined ? this.#input.taken : (indices[this.#input.taken] as number);
    const item = this.#input.take();
    if (item === NOTHING) {
      this.checkEnd();
      this.#review();
      return undefined;
    }
    try {
      const args = this.#order.toArguments(item);
      const task = new MapTask(this.#lifecycle.openTask(), this.#order.job, args, this, index);
      if (this.#input.ended) this.checkEnd();
      return task;
    } catch (error) {
      this.#input.refuse(error);
      this.checkEnd();
      return undefined;
    }
  }

  get #isFull(): boolean {
    if (this.result.countWaiting(this.#input.taken) >= this.#limit) return true;
    if (this.#waitingSize === 0 || !this.result.hasPace) return false;
    // The consumer is behind: what runs will wait for it, too.
    const running = this.#input.taken - this.#arrived;
    const expected = running * (this.#arrivedSize / this.#arrived);
    return this.#waitingSize + expected >= this.#order.maxWaitingBytes;
  }

  #noteSize(index: number, outcome: unknown): void {
    const size = roughSize(outcome);
    this.#arrived++;
    this.#arrivedSize += size;
    if (size < MIN_SIZE) return;
    this.#sizes.set(index, size);
    this.#waitingSize += size;
  }

  #forgetSize(index: number | undefined): void {
    if (index === undefined) return;
    this.#waitingSize -= this.#sizes.get(index) ?? 0;
    this.#sizes.delete(index);
  }

  #review(): void {
    this.#lifecycle.stall(this, !this.ended && this.#isFull);
  }

  /** Its consumer no longer sets the pace. */
  ignorePace(): void {
    this.result.takeAnyNumber();
    this.#review();
  }

  /** Tells the pool and the result when the input has ended. */
  checkEnd(): void {
    if (!this.#input.ended || this.ended) return;
    this.#end();
    this.result.onInputEnd(this.#input.taken, this.#input.failure);
  }

  onOutcome(index: number, outcome: unknown): void {
    if (this.result.hasPace) this.#noteSize(index, outcome);
    this.result.onOutcome(index, outcome);
  }

  onProgress(index: number, progress: unknown): void {
    if (this.#order.onProgress !== undefined) callListener(this.#order.onProgress, progress, index);
  }

  #cancel(reason: unknown): void {
    this.#input.stop();
    this.#end();
    this.#lifecycle.cancel(this, reason);
  }

  #end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#review();
    this.#events.onInputEnd();
  }
}

/** The task for one item of a map. */
class MapTask extends Task {
  readonly #map: PoolMap<unknown>;
  readonly #index: number;

  constructor(id: number, job: Job, args: readonly unknown[], map: PoolMap<unknown>, index: number) {
    super(id, job, args);
    this.#map = map;
    this.#index = index;
  }

  get group(): PoolMap<unknown> {
    return this.#map;
  }

  succeed(value: unknown): void {
    this.#map.onOutcome(this.#index, value);
  }

  fail(error: unknown): void {
    this.#map.onOutcome(this.#index, new Failure(error));
  }

  report(progress: unknown): void {
    this.#map.onProgress(this.#index, progress);
  }
}
