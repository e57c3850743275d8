/** The place of a running task. */
export interface Slot {
  readonly succeed: (value: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** The places of tasks that have given a promise. They are used again and again: no function is made for each task. */
export class Slots {
  /** The id of the task in each slot; -1 if it is free. */
  readonly #ids: number[] = [];
  readonly #free: { slot: Slot; index: number }[] = [];
  readonly #onSuccess: (id: number, value: unknown) => void;
  readonly #onFailure: (id: number, error: unknown) => void;

  constructor(onSuccess: (id: number, value: unknown) => void, onFailure: (id: number, error: unknown) => void) {
    this.#onSuccess = onSuccess;
    this.#onFailure = onFailure;
  }

  has(id: number): boolean {
    return this.#ids.includes(id);
  }

  /** A free slot, for the task with this id. */
  take(id: number): Slot {
    const { slot, index } = this.#free.pop() ?? this.#create();
    this.#ids[index] = id;
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
      succeed: (value) => this.#onSuccess(release(), value),
      fail: (error) => this.#onFailure(release(), error),
    };
    const created = { slot, index };
    return created;
  }
}
