import type { AttachmentSource } from './attachments.js';

/** What the receiver of a block does with it. */
export interface BlockUse {
  keep(): void;
  release(): void;
}

/**
 * Memory that both sides of a channel can reach. Large values lie in its blocks, and the pipe carries only where: the
 * sender of a value copies it into a free block, the receiver copies it out and releases the block.
 */
export interface BlockMemory {
  /** From this size on, in bytes, a block is faster than the pipe. */
  readonly threshold: number;
  /** Whether so much waits for the other side that nothing more should be sent. */
  readonly isFull: boolean;
  /** A value came through the pipe that could have travelled in a block. */
  want(): void;
  /** Copies bytes into a free block. @returns its position; `undefined` if there is no room. */
  write(bytes: Uint8Array): number | undefined;
  /**
   * The other side keeps a view of the block, so that it no longer waits.
   *
   * @throws {@link ProtocolError} if this side has written none there.
   */
  keep(position: number): void;
  /**
   * The other side no longer needs the block.
   *
   * @throws {@link ProtocolError} if this side has written none there.
   */
  release(position: number): void;
  /**
   * Takes the bytes of a block that the other side has written.
   *
   * @param asView - whether the sender lets this side keep a view of the block.
   * @param use - is told what becomes of the block: it is released at once if its bytes are copied out.
   * @throws {@link ProtocolError} if there is no such block.
   */
  read(position: number, length: number, asView: boolean, use: BlockUse): ArrayBuffer | AttachmentSource;
}
