/** Blocks start at multiples of it, so that each can be mapped by itself. */
export const BLOCK_ALIGNMENT = 64 * 1024;

export interface Range {
  readonly start: number;
  readonly end: number;
}

interface Block extends Range {
  isKept: boolean;
}

/** What lies between ranges, which are in any order and do not overlap, from 0 to `limit`. */
export function findGaps(ranges: Iterable<Range>, limit: number): Range[] {
  const gaps: Range[] = [];
  let start = 0;
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    if (range.start > start) gaps.push({ start, end: range.start });
    start = range.end;
  }
  if (start < limit) gaps.push({ start, end: limit });
  return gaps;
}

/**
 * Divides a region into blocks. The first gap that is large enough is taken, so that the same few pages are used again
 * and again: their memory is there, and in the caches.
 */
export class BlockAllocator {
  /** In ascending order. There are as many as values under way: a few. */
  readonly #blocks: Block[] = [];
  get blocks(): readonly Range[] {
    return this.#blocks;
  }

  /** The size of all blocks, and of those that wait for the receiver, in bytes. */
  used = 0;
  waiting = 0;

  /** @returns the position of a free block; `undefined` if it would not end before the limit. */
  allocate(length: number, limit: number): number | undefined {
    const size = Math.ceil(length / BLOCK_ALIGNMENT) * BLOCK_ALIGNMENT;
    const blocks = this.#blocks;
    let start = 0;
    let index = 0;
    for (; index < blocks.length; index++) {
      const block = blocks[index] as Block;
      if (block.start - start >= size) break;
      start = block.end;
    }
    if (start + size > limit) return undefined;
    blocks.splice(index, 0, { start, end: start + size, isKept: false });
    this.used += size;
    this.waiting += size;
    return start;
  }

  /** @returns false if no block starts there. */
  free(position: number): boolean {
    const index = this.#blocks.findIndex(({ start }) => start === position);
    const [block] = index < 0 ? [] : this.#blocks.splice(index, 1);
    if (block === undefined) return false;
    this.used -= block.end - block.start;
    if (!block.isKept) this.waiting -= block.end - block.start;
    return true;
  }

  /** The receiver keeps the block. @returns false if no block starts there. */
  keep(position: number): boolean {
    const block = this.#blocks.find(({ start }) => start === position);
    if (block === undefined) return false;
    if (!block.isKept) this.waiting -= block.end - block.start;
    block.isKept = true;
    return true;
  }
}
