import { ProtocolError } from '../errors.js';

/** A header is the length of what follows and its kind, 32 bits each; 8 bytes keep what follows aligned. */
export const HEADER_SIZE = 8;

/** A msgpack list of messages. */
export const BATCH = 0;
/** Raw bytes that belong to the batch after them. */
export const ATTACHMENT = 1;

/** No frame is larger: a length beyond it is a corrupt or hostile header. */
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

/** Takes what a {@link FrameReader} finds. The bytes of a batch are only valid during the call. */
export interface FrameHandler {
  onBatch(bytes: Uint8Array, start: number, end: number): void;
  onAttachment(buffer: ArrayBuffer): void;
}

/**
 * Finds the frames in a stream of chunks.
 *
 * A frame that lies whole in a chunk is handed on in place. Only one that is cut by the end of a chunk is put together
 * in memory of its own; the bytes of an attachment always are, and are copied this once.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #header = new Uint8Array(HEADER_SIZE);
  #headerSize = 0;
  /** The frame that is being put together, and how much of it is there. */
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

  /** Where the next bytes belong, if a frame is being put together: what is read there needs no copy. */
  get place(): Uint8Array | undefined {
    return this.#body?.subarray(this.#filled);
  }

  /** How many bytes are missing at that place; 0 if there is none. */
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
    else this.#handler.onBatch(body, 0, body.length);
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
    if (kind > ATTACHMENT || length > MAX_FRAME) {
      throw new ProtocolError(`no frame has kind ${kind} and ${length} bytes`);
    }
    if (kind === BATCH && offset + length <= chunk.length) {
      this.#handler.onBatch(chunk, offset, offset + length);
      return offset + length;
    }
    this.#kind = kind;
    this.#filled = 0;
    // Memory is touched only as bytes arrive, so a length that is never filled costs address space.
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

function allocateBody(length: number): Uint8Array {
  try {
    return Buffer.allocUnsafeSlow(length);
  } catch (cause) {
    throw new ProtocolError(`there is no memory for a frame of ${length} bytes`, { cause });
  }
}
