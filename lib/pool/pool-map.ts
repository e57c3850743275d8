import { getResultLimit, MapInput } from './map-input.js';
import { MapSink, PoolResult } from './pool-result.js';
import type { Task } from './task.js';

/** What a {@link PoolMap} needs from its pool. */
export interface PoolMapOwner {
  createTask(item: unknown, index: number): Task;
  /** An item may be there that was not before. */
  onRoom(): void;
  /** No more tasks will come from this map. */
  onInputEnd(): void;
}

/** One `map` or `starmap`: makes tasks of its items as the pool asks for them, and knows where their outcomes go. */
export class PoolMap<R> {
  readonly result: PoolResult<R>;
  readonly sink: MapSink<R>;
  readonly #owner: PoolMapOwner;
  readonly #input: MapInput;
  #ended = false;

  constructor(
    owner: PoolMapOwner,
    items: unknown,
    slots: number,
    onProgress: ((progress: unknown, index: number) => void) | undefined,
  ) {
    this.#owner = owner;
    const limit = getResultLimit(slots);
    this.#input = new MapInput(
      items,
      (taken) => this.result.countWaiting(taken) >= limit,
      () => {
        this.checkEnd();
        owner.onRoom();
      },
    );
    this.result = new PoolResult({
      isArray: Array.isArray(items),
      onTaken: owner.onRoom,
      cancel: () => this.#cancel(),
    });
    this.sink = new MapSink(this.result, onProgress);
  }

  get remaining(): number {
    return this.#input.remaining;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The task for the next item; nothing if there is none at this moment, or no more. */
  createTask(): Task | undefined {
    const index = this.#input.taken;
    try {
      const item = this.#input.take();
      const task = item && this.#owner.createTask(item.value, index);
      this.checkEnd();
      return task;
    } catch (error) {
      this.#end();
      this.#input.stop();
      this.result.onInputError(error);
      return undefined;
    }
  }

  /** Tells the pool and the result when there are no more items. */
  checkEnd(): void {
    if (!this.#input.ended || this.#ended) return;
    this.#end();
    const { error, taken } = this.#input;
    if (error !== undefined) this.result.onInputError(error.cause);
    else this.result.onInputEnd(taken);
  }

  #cancel(): void {
    this.sink.cancelled = true;
    this.#input.stop();
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#owner.onInputEnd();
  }
}
