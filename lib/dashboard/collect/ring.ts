/** The last values of a sequence, each with its number: a reader asks for those that it has not seen. */
export class Ring<T> {
  readonly #capacity: number;
  readonly #values: T[] = [];
  /** How many values have come. */
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get count(): number {
    return this.#count;
  }

  push(value: T): void {
    this.#values[this.#count++ % this.#capacity] = value;
  }

  /** The values after the first `seen`, as far as they are kept. The oldest comes first. */
  after(seen: number): T[] {
    const first = Math.max(seen, this.#count - this.#capacity, 0);
    return Array.from({ length: this.#count - first }, (_, at) => this.#values[(first + at) % this.#capacity] as T);
  }
}
