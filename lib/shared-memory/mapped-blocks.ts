import { closeSync, ftruncateSync } from 'node:fs';
import { ProtocolError } from '../errors.js';
import type { AttachmentSource } from '../ipc/attachments.js';
import type { BlockMemory, BlockUse } from '../ipc/block-memory.js';
import type { MemoryOffer } from '../protocol/messages.js';
import { setTimeout } from '../util/clock.js';
import { BLOCK_ALIGNMENT, BlockAllocator, findGaps, type Range } from './block-allocator.js';
import { type Libc, loadLibc } from './libc.js';
import {
  addressOfRegion,
  createRegion,
  fixSize,
  formatAddress,
  isFixedSize,
  openRegion,
  parseAddress,
  type Region,
} from './region.js';

/** How a pool and its processes use the memory between them. */
export interface BlockSettings {
  /** The most that the blocks of one direction take, in bytes. */
  limit: number;
  /** The size from which on a value travels in a block, in bytes. */
  threshold: number;
}

/** Without options of a pool. */
export const DEFAULT_BLOCKS: BlockSettings = { limit: 256 * 1024 * 1024, threshold: 64 * 1024 };

/** The largest mapping that an ArrayBuffer can be, in every version of Node.js. */
const MAX_LIMIT = 2 ** 32;

/** How long a region that is not used keeps its memory, in milliseconds. */
const MAX_IDLE = 5000;

/** What to do when a view is collected. Of all pools, because views may outlive theirs. */
const collected = new FinalizationRegistry<() => void>((free) => free());

/** A region of which each process sees the same bytes. */
interface MappedRegion {
  readonly fd: number;
  readonly bytes: Uint8Array;
}

/**
 * Two regions between a parent and its child, one for each direction: the sender of a value allocates and writes a block,
 * its receiver reads it. Until both sides have mapped the regions, everything goes through the pipe.
 */
export class MappedBlocks implements BlockMemory {
  threshold = Number.POSITIVE_INFINITY;
  #limit = 0;
  readonly #onWanted: (() => void) | undefined;
  #state: 'unused' | 'offered' | 'open' | 'closed' = 'unused';
  #libc: Libc | undefined;
  #written: MappedRegion | undefined;
  #read: MappedRegion | undefined;
  /** The one that this side writes, and the one that it reads. */
  #regions: Region[] = [];
  readonly #blocks = new BlockAllocator();
  #allowsViews = false;
  /** The blocks of the other side that this one has views of, and their size. */
  readonly #views = new Set<Range>();
  #viewed = 0;
  /** Whether no block was written since a timer was started, and whether that timer runs. */
  #isIdle = true;
  #isWatched = false;

  /** @param onWanted - is called once, with the first value that could travel in a block. */
  constructor(onWanted?: () => void) {
    this.#onWanted = onWanted;
  }

  /** Values may travel in blocks from now on. */
  configure({ limit, threshold }: BlockSettings): void {
    this.#limit = Math.ceil(Math.min(limit, MAX_LIMIT) / BLOCK_ALIGNMENT) * BLOCK_ALIGNMENT;
    this.threshold = threshold;
  }

  /** This side may keep views of blocks. The other side could change them, so a parent allows it only if it was asked to. */
  allowViews(): void {
    this.#allowsViews = true;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** The bytes that wait for the other side, and those that either side has views of. */
  get used(): number {
    return this.#blocks.used + this.#viewed;
  }

  /** Half of the memory is left for what is already on its way into the channel. */
  get isFull(): boolean {
    return this.#blocks.waiting > this.#limit / 2;
  }

  want(): void {
    if (this.#state !== 'unused') return;
    this.#state = 'offered';
    this.#onWanted?.();
  }

  /**
   * Creates the regions, in the parent.
   *
   * @returns what the child needs to open them; `undefined` where memory cannot be mapped.
   */
  create(): MemoryOffer | undefined {
    if (this.#state !== 'offered') return undefined;
    try {
      const { libc, cause } = loadLibc();
      if (libc === undefined) throw cause;
      const [toChild = '', toParent = ''] = [0, 1].map(() => this.#createRegion());
      this.#mapAll(libc);
      return { toChild, toParent, limit: this.#limit, threshold: this.threshold };
    } catch {
      // koffi is not installed, or there are no descriptors or addresses left.
      this.close();
      return undefined;
    }
  }

  #createRegion(): string {
    const region = createRegion();
    if (region === undefined) throw new Error('there is no memory to share');
    this.#regions.push(region);
    ftruncateSync(region.fd, this.#limit);
    // A file that the child makes smaller would end this process at its next access.
    fixSize(region);
    return formatAddress(addressOfRegion(region.fd));
  }

  /** The first region is the one that this side writes. */
  #mapAll(libc: Libc): void {
    this.#libc = libc;
    [this.#written, this.#read] = this.#regions.map(({ fd }) => ({
      fd,
      bytes: new Uint8Array(libc.map(fd, this.#limit, 'shared')),
    }));
  }

  /**
   * Opens the regions of the parent, in the child: once in its life.
   *
   * @returns whether that was possible.
   */
  open(offer: MemoryOffer): boolean {
    if (this.#state === 'open' || this.#state === 'closed') throw new ProtocolError('memory was offered twice');
    try {
      const { toChild, toParent, ...settings } = offer;
      const { libc, cause } = loadLibc();
      if (libc === undefined) throw cause;
      for (const address of [toParent, toChild]) {
        const region = parseAddress(address);
        const fd = openRegion(region, 'write');
        this.#regions.push({ fd, isMemfd: false, close: () => closeSync(fd) });
        // An access beyond the end of a file would end this process.
        if (region.size !== settings.limit || !isFixedSize(fd))
          throw new ProtocolError('an offer of memory is invalid');
      }
      this.configure(settings);
      this.allowViews();
      this.#mapAll(libc);
      this.#state = 'open';
      return true;
    } catch {
      // This process may not see the descriptors of the other: it runs as another user, for instance.
      this.close();
      return false;
    }
  }

  /** The child has opened the regions, or could not. */
  onOpened(isOpen: boolean): void {
    if (this.#state !== 'offered') throw new ProtocolError('child answered an offer of memory that it was not made');
    if (isOpen) this.#state = 'open';
    else this.close();
  }

  write(bytes: Uint8Array): number | undefined {
    if (this.#state !== 'open') {
      this.want();
      return undefined;
    }
    const position = this.#blocks.allocate(bytes.byteLength, this.#limit);
    if (position === undefined) return undefined;
    (this.#written as MappedRegion).bytes.set(bytes, position);
    this.#isIdle = false;
    return position;
  }

  keep(position: number): void {
    if (!this.#blocks.keep(position)) throw new ProtocolError(`there is no block at ${position} to keep`);
  }

  release(position: number): void {
    if (!this.#blocks.free(position)) throw new ProtocolError(`there is no block at ${position} to release`);
    this.#watch();
  }

  read(position: number, length: number, asView: boolean, use: BlockUse): ArrayBuffer | AttachmentSource {
    const isValid = Number.isSafeInteger(position) && Number.isSafeInteger(length) && position >= 0 && length >= 0;
    if (this.#read === undefined || !isValid || position + length > this.#limit) {
      throw new ProtocolError(`a block at ${position} of ${length} bytes does not exist`);
    }
    // The sender needs free blocks for what follows.
    const isCopied = !asView || !this.#allowsViews || this.#viewed + length > this.#limit / 2;
    if (isCopied) return this.#copy(position, length, use);
    return {
      byteLength: length,
      openBytes: () => Buffer.from(this.#view(position, length, use), 0, length),
      openMemory: (isExact) =>
        isExact && length % BLOCK_ALIGNMENT !== 0
          ? this.#copy(position, length, use)
          : this.#view(position, length, use),
    };
  }

  #copy(position: number, length: number, use: BlockUse): ArrayBuffer {
    const copy = Buffer.allocUnsafeSlow(length);
    copy.set((this.#read as MappedRegion).bytes.subarray(position, position + length));
    use.release();
    return copy.buffer as ArrayBuffer;
  }

  /** A buffer of its own for the block, so that its end tells when the block is free. */
  #view(position: number, length: number, use: BlockUse): ArrayBuffer {
    const { fd } = this.#read as MappedRegion;
    try {
      const view = (this.#libc as Libc).map(fd, length, 'shared', position);
      const range = { start: position, end: position + view.byteLength };
      use.keep();
      this.#viewed += length;
      this.#views.add(range);
      collected.register(view, () => {
        this.#viewed -= length;
        this.#views.delete(range);
        if (this.#state === 'closed') this.#giveBackRead([range]);
        else use.release();
      });
      return view;
    } catch {
      // This process has too many mappings.
      return this.#copy(position, length, use);
    }
  }

  /** Gives the memory back to the system once no block was written for a while. */
  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#isIdle = true;
    const look = () => {
      this.#isWatched = false;
      if (!this.#isIdle) return this.#watch();
      if (this.#written !== undefined) this.#giveBack(this.#written.fd, findGaps(this.#blocks.blocks, this.#limit));
    };
    setTimeout(look, MAX_IDLE).unref();
  }

  #giveBack(fd: number, ranges: readonly Range[]): void {
    for (const { start, end } of ranges) this.#libc?.punchHole(fd, start, end - start);
  }

  /** The other side has ended: only what this side has views of is needed any longer. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    if (this.#written !== undefined) this.#giveBack(this.#written.fd, [{ start: 0, end: this.#limit }]);
    const hasMapped = this.#read !== undefined;
    this.#written = this.#read = undefined;
    if (hasMapped) this.#giveBackRead(findGaps(this.#views, this.#limit));
    else this.#closeRegions();
  }

  /** The memory of a view lives as long as its mapping, and that of all others as long as any mapping. */
  #giveBackRead(ranges: readonly Range[]): void {
    const [, read] = this.#regions;
    if (read !== undefined) this.#giveBack(read.fd, ranges);
    if (this.#views.size === 0) this.#closeRegions();
  }

  #closeRegions(): void {
    for (const region of this.#regions.splice(0)) region.close();
  }
}
