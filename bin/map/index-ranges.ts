/** A set of indices in which there are few gaps. */
export class IndexRanges {
  /** From, and up to but without, in ascending order; no two touch. */
  readonly #ranges: [from: number, to: number][] = [];

  /** How many indices are in it. */
  get size(): number {
    return this.#ranges.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  add(from: number, count: number): void {
    const ranges = this.#ranges;
    let to = from + count;
    // The first that ends at it or behind it; most are added at the end.
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

/** The indices as runs of neighbours: `[3, 4, 7]` is `[[3, 2], [7, 1]]`. */
export function toRuns(indices: readonly number[]): [from: number, count: number][] {
  const runs: [number, number][] = [];
  for (const index of indices.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === index) last[1]++;
    else runs.push([index, 1]);
  }
  return runs;
}
