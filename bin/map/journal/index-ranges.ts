/** A set of indices with few gaps, stored as ranges. */
export class IndexRanges {
  /** `from` is included, `to` is not. In ascending order; no two ranges touch. */
  readonly #ranges: [from: number, to: number][] = [];

  /** The number of indices in the set. */
  get size(): number {
    return this.#ranges.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  add(from: number, count: number): void {
    const ranges = this.#ranges;
    let to = from + count;
    // Finds the first range that touches or follows the new one, from the end: most are added there.
    let at = ranges.length;
    while (at > 0 && (ranges[at - 1] as [number, number])[1] >= from) at--;
    let touched = 0;
    for (let next = ranges[at]; next !== undefined && next[0] <= to; next = ranges[at + ++touched]) {
      from = Math.min(from, next[0]);
      to = Math.max(to, next[1]);
    }
    ranges.splice(at, touched, [from, to]);
  }

  has(index: number): boolean {
    const ranges = this.#ranges;
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ranges[middle] as [number, number])[1] <= index) low = middle + 1;
      else high = middle;
    }
    return low < ranges.length && (ranges[low] as [number, number])[0] <= index;
  }
}

/** Groups indices into ranges of neighbours: `[3, 4, 7]` becomes `[[3, 2], [7, 1]]`. */
export function toRanges(indices: readonly number[]): [from: number, count: number][] {
  const ranges: [number, number][] = [];
  for (const index of indices.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[0] + last[1] === index) last[1]++;
    else ranges.push([index, 1]);
  }
  return ranges;
}
