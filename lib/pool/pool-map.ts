import { callListener } from './call-listener.js';
import type { Job } from './job.js';
import { MapInput, NOTHING } from './map-input.js';
import { Failure } from './outcomes.js';
import { PoolResult } from './pool-result.js';
import type { Standstill } from './standstill.js';
import { Task } from './task.js';
import type { UnclaimedFailures } from './unclaimed-failures.js';

/** How many results over a stream may wait for their consumer, for each task that runs at a time. */
const RESULTS_PER_SLOT = 4;
const MIN_RESULTS = 1024;

/** What a {@link PoolMap} needs from its pool. */
export interface PoolMapOwner {
  /** Whether the map waits for its consumer. */
  readonly standstill: Standstill;
  readonly failures: UnclaimedFailures;
  /** The id of a task that is about to be made. */
  nextId(): number;
  /** An item may be there that was not before. */
  onRoom(): void;
  /** No more tasks will come from this map. */
  onInputEnd(): void;
  /** Nobody wants the outcomes of its tasks any more. */
  onCancel(reason: unknown): void;
}

/** What a map runs, and on what. */
export interface MapOrder {
  job: Job;
  items: unknown;
  toArguments(item: unknown): readonly unknown[];
  /** How many tasks the pool runs at a time. */
  slots: number;
  onProgress: ((progress: unknown, index: number) => void) | undefined;
}

/** One `map` or `starmap`: makes tasks of its items as the pool asks for them, and takes their outcomes. */
export class PoolMap<R> {
  readonly result: PoolResult<R>;
  ended = false;
  readonly #owner: PoolMapOwner;
  readonly #order: MapOrder;
  readonly #input: MapInput;
  /** How many results may wait for their consumer. */
  readonly #limit: number;

  constructor(order: MapOrder, owner: PoolMapOwner) {
    this.#owner = owner;
    this.#order = order;
    this.#limit = Math.max(MIN_RESULTS, order.slots * RESULTS_PER_SLOT);
    this.#input = new MapInput(
      order.items,
      () => this.#isFull,
      () => {
        this.checkEnd();
        owner.onRoom();
      },
    );
    this.result = new PoolResult({
      isArray: Array.isArray(order.items),
      failures: owner.failures,
      onTaken: () => {
        if (owner.standstill.isReached) this.#review();
        owner.onRoom();
      },
      cancel: (reason) => this.#cancel(reason),
    });
  }

  get priority(): number {
    return this.#order.job.priority;
  }

  get remaining(): number {
    return this.#input.remaining;
  }

  /** The task for the next item; nothing if there is none at this moment, or no more. */
  createTask(): Task | undefined {
    const index = this.#input.taken;
    const item = this.#input.take();
    if (item === NOTHING) {
      this.checkEnd();
      this.#review();
      return undefined;
    }
    try {
      const args = this.#order.toArguments(item);
      const task = new MapTask(this.#owner.nextId(), this.#order.job, args, this, index);
      if (this.#input.ended) this.checkEnd();
      return task;
    } catch (error) {
      this.#input.refuse(error);
      this.checkEnd();
      return undefined;
    }
  }

  get #isFull(): boolean {
    return this.result.countWaiting(this.#input.taken) >= this.#limit;
  }

  #review(): void {
    this.#owner.standstill.isReached = !this.ended && this.#isFull;
  }

  /** Its consumer no longer sets the pace. */
  ignorePace(): void {
    this.result.takeAnyNumber();
    this.#review();
  }

  /** Tells the pool and the result when there are no more items. */
  checkEnd(): void {
    if (!this.#input.ended || this.ended) return;
    this.#end();
    this.result.onInputEnd(this.#input.taken, this.#input.failure);
  }

  onOutcome(index: number, outcome: unknown): void {
    this.result.onOutcome(index, outcome);
  }

  onProgress(index: number, progress: unknown): void {
    if (this.#order.onProgress !== undefined) callListener(this.#order.onProgress, progress, index);
  }

  #cancel(reason: unknown): void {
    this.#input.stop();
    this.#end();
    this.#owner.onCancel(reason);
  }

  #end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#review();
    this.#owner.onInputEnd();
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
