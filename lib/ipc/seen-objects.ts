const FEW = 16;

/** The objects met in one value: a few in an array, which is faster to search than a set, the rest in a set. */
export class SeenObjects {
  readonly #few: (object | undefined)[] = new Array(FEW).fill(undefined);
  #count = 0;
  #many: Set<object> | undefined;

  /** @returns whether it was there before. */
  add(object: object): boolean {
    if (this.#many !== undefined) {
      const { size } = this.#many;
      return this.#many.add(object).size === size;
    }
    for (let index = 0; index < this.#count; index++) if (this.#few[index] === object) return true;
    if (this.#count < FEW) this.#few[this.#count++] = object;
    else this.#many = new Set(this.#few as object[]).add(object);
    return false;
  }

  clear(): void {
    for (let index = 0; index < this.#count; index++) this.#few[index] = undefined;
    this.#count = 0;
    this.#many = undefined;
  }
}
