import { ProtocolError } from '../errors.js';

/** A header has the length and the kind of the body, 32 bits each; its 8 bytes keep the body aligned. */
export const HEADER_SIZE = 8;

/** A msgpack list of messages. */
export const BATCH = 0;
/** Raw bytes that belong to the batch after them. */
export const ATTACHMENT = 1;
/**
 * The position and the length of a block that holds the bytes of an attachment, and 1 if the receiver may keep a view of
 * it, as three doubles.
 */
export const BLOCK = 2;
/** The positions of blocks that are no longer needed, as doubles. */
export const RELEASE = 3;
/** The positions of blocks of which the receiver keeps views, as doubles. */
export const KEEP = 4;

const DOUBLE = 8;
/** More blocks than any region has. */
const MAX_RELEASE = 1024 * 1024;

/** The largest frame. A header with a greater length is corrupt or hostile. */
export const MAX_FRAME = 0x7fffffff;

export function writeHeader(target: Uint8Array, kind: number, length: number): void {
  if (length > MAX_FRAME) throw new RangeError(`a frame of ${length} bytes is larger than the limit of ${MAX_FRAME}`);
  writeUint32(target, 0, length);
  writeUint32(target, 4, kind);
}

function writeUint32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value;
  target[offset + 1] = value >>> 8;
  target[offset + 2] = value >>> 16;
  target[offset + 3] = value >>> 24;
}

function readUint32(source: Uint8Array, offset: number): number {
  const low = (source[offset] as number) | ((source[offset + 1] as number) << 8);
  const high = (source[offset + 2] as number) | ((source[offset + 3] as number) << 8);
  return (low | (high << 16)) >>> 0;
}

/** A frame of numbers. */
export function createNumberFrame(kind: number, numbers: readonly number[]): Uint8Array {
  const frame = Buffer.allocUnsafe(HEADER_SIZE + numbers.length * DOUBLE);
  writeHeader(frame, kind, numbers.length * DOUBLE);
  for (const [index, number] of numbers.entries()) frame.writeDoubleLE(number, HEADER_SIZE + index * DOUBLE);
  return frame;
}

function readNumbers(bytes: Uint8Array, start: number, end: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  return Array.from({ length: (end - start) / DOUBLE }, (_, index) => view.getFloat64(index * DOUBLE, true));
}

/** Takes the bodies that a {@link FrameReader} finds. The bytes of a batch are valid only during the call. */
export interface FrameHandler {
  onBatch(bytes: Uint8Array, start: number, end: number): void;
  onAttachment(buffer: ArrayBuffer): void;
  /** These belong to a channel with shared memory. */
  onBlock?(position: number, length: number, asView: boolean): void;
  onRelease?(positions: readonly number[]): void;
  onKeep?(positions: readonly number[]): void;
}

/**
 * Finds the frames in a stream of chunks.
 *
 * A body that lies completely in a chunk is passed on in place. Only one that spans chunks is copied into memory of
 * its own. The bytes of an attachment always are; it is their only copy.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #header = new Uint8Array(HEADER_SIZE);
  #headerSize = 0;
  /** The body that spans chunks, and how many of its bytes have arrived. */
  #body: Uint8Array | undefined;
  #filled = 0;
  #kind = BATCH;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /**
   * @throws {@link ProtocolError} if the bytes are not frames.
   */
  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#body !== undefined) offset = this.#continueBody(chunk, offset);
      else if (this.#headerSize > 0 || chunk.length - offset < HEADER_SIZE)
        offset = this.#continueHeader(chunk, offset);
      else
        offset = this.#startBody(chunk, offset + HEADER_SIZE, readUint32(chunk, offset), readUint32(chunk, offset + 4));
    }
  }

  /** Where the next bytes of an unfinished body belong: bytes that are read there need no copy. */
  get place(): Uint8Array | undefined {
    return this.#body?.subarray(this.#filled);
  }

  /** The number of missing bytes of an unfinished body; 0 if there is none. */
  get missing(): number {
    return this.#body === undefined ? 0 : this.#body.length - this.#filled;
  }

  /** `count` bytes were read into {@link place}. */
  fill(count: number): void {
    const body = this.#body as Uint8Array;
    this.#filled += count;
    if (this.#filled < body.length) return;
    this.#body = undefined;
    if (this.#kind === ATTACHMENT) this.#handler.onAttachment(body.buffer as ArrayBuffer);
    else this.#pass(this.#kind, body, 0, body.length);
  }

  #pass(kind: number, bytes: Uint8Array, start: number, end: number): void {
    if (kind === BATCH) return this.#handler.onBatch(bytes, start, end);
    const { onBlock, onRelease, onKeep } = this.#handler;
    const numbers = readNumbers(bytes, start, end);
    if (kind === RELEASE && onRelease !== undefined) onRelease(numbers);
    else if (kind === KEEP && onKeep !== undefined) onKeep(numbers);
    else if (kind === BLOCK && onBlock !== undefined)
      onBlock(numbers[0] as number, numbers[1] as number, numbers[2] === 1);
    else throw new ProtocolError('a frame refers to shared memory, but this channel has none');
  }

  #continueHeader(chunk: Uint8Array, offset: number): number {
    const end = Math.min(chunk.length, offset + HEADER_SIZE - this.#headerSize);
    this.#header.set(chunk.subarray(offset, end), this.#headerSize);
    this.#headerSize += end - offset;
    if (this.#headerSize < HEADER_SIZE) return end;
    this.#headerSize = 0;
    return this.#startBody(chunk, end, readUint32(this.#header, 0), readUint32(this.#header, 4));
  }

  #startBody(chunk: Uint8Array, offset: number, length: number, kind: number): number {
    if (!isValid(kind, length)) {
      throw new ProtocolError(`a frame has the invalid kind ${kind} or length ${length}`);
    }
    if (kind !== ATTACHMENT && offset + length <= chunk.length) {
      this.#pass(kind, chunk, offset, offset + length);
      return offset + length;
    }
    this.#kind = kind;
    this.#filled = 0;
    // Memory is touched only when bytes arrive, so a length that is never filled costs only address space.
    this.#body = allocateBody(length);
    return this.#continueBody(chunk, offset);
  }

  #continueBody(chunk: Uint8Array, offset: number): number {
    const body = this.#body as Uint8Array;
    const end = Math.min(chunk.length, offset + body.length - this.#filled);
    body.set(offset === 0 && end === chunk.length ? chunk : chunk.subarray(offset, end), this.#filled);
    this.fill(end - offset);
    return end;
  }
}

function isValid(kind: number, length: number): boolean {
  switch (kind) {
    case BATCH:
    case ATTACHMENT:
      return length <= MAX_FRAME;
    case BLOCK:
      return length === 3 * DOUBLE;
    case RELEASE:
    case KEEP:
      return length > 0 && length <= MAX_RELEASE && length % DOUBLE === 0;
    default:
      return false;
  }
}

function allocateBody(length: number): Uint8Array {
  try {
    return Buffer.allocUnsafeSlow(length);
  } catch (cause) {
    throw new ProtocolError(`a frame of ${length} bytes does not fit into memory`, { cause });
  }
}
