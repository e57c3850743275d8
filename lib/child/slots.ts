import type { FunctionLoad } from './concurrency.js';

/** The callbacks of a running task's promise. */
export interface Slot {
  readonly succeed: (value: unknown) => void;
  readonly fail: (error: unknown) => void;
}

type SlotCallback = (id: number, load: FunctionLoad, outcome: unknown) => void;

/** Slots for tasks that have returned a promise. They are reused, so that a task does not cost two closures. */
export class Slots {
  /** The id of the task in each slot; -1 if it is free. */
  readonly #ids: number[] = [];
  /** The functions of these tasks. */
  readonly #loads: (FunctionLoad | undefined)[] = [];
  readonly #free: { slot: Slot; index: number }[] = [];
  readonly #onSuccess: SlotCallback;
  readonly #onFailure: SlotCallback;

  constructor(onSuccess: SlotCallback, onFailure: SlotCallback) {
    this.#onSuccess = onSuccess;
    this.#onFailure = onFailure;
  }

  has(id: number): boolean {
    return this.#ids.includes(id);
  }

  /** A free slot, for the task with this id. */
  take(id: number, load: FunctionLoad): Slot {
    const { slot, index } = this.#free.pop() ?? this.#create();
    this.#ids[index] = id;
    this.#loads[index] = load;
    return slot;
  }

  #create(): { slot: Slot; index: number } {
    const index = this.#ids.push(-1) - 1;
    const release = () => {
      const id = this.#ids[index] as number;
      this.#ids[index] = -1;
      this.#free.push(created);
      return id;
    };
    const slot: Slot = {
      succeed: (value) => this.#onSuccess(release(), this.#loads[index] as FunctionLoad, value),
      fail: (error) => this.#onFailure(release(), this.#loads[index] as FunctionLoad, error),
    };
    const created = { slot, index };
    return created;
  }
}
