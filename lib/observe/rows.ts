/** The rows of one process: slices in one row must not overlap. */
export class Rows {
  /** The end of the last slice in each row. */
  readonly #ends: number[] = [];

  /**
   * The number of a row that is free from the start of a slice on, from 1. Slices come in the order of their ends.
   *
   * @param onNew - the row is a new one.
   */
  place(start: number, end: number, onNew: (name: string, row: number) => void): number {
    let row = -1;
    // The one that was free for the shortest time: the others may be needed by slices that began earlier.
    this.#ends.forEach((last, at) => {
      if (last <= start && (row === -1 || last > (this.#ends[row] as number))) row = at;
    });
    if (row === -1) {
      row = this.#ends.push(end) - 1;
      onNew(`slot ${row + 1}`, row + 1);
    }
    this.#ends[row] = Math.max(this.#ends[row] as number, end);
    return row + 1;
  }
}
