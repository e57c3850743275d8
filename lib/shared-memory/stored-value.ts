import { ProtocolError } from '../errors.js';
import { type AttachmentSource, MIN_ATTACHMENT } from '../ipc/attachments.js';
import { MAX_FRAME } from '../ipc/frame.js';
import { type PackedParts, unpackParts } from '../ipc/packed.js';
import { loadLibc, MAP_ALIGNMENT } from './libc.js';
import { isImmutable, readAll, writeAll } from './region.js';

/**
 * The form of a value in a region: a head, the frame, and the large binary parts. The head has a mark, the length of the
 * frame, the number of the parts, and their lengths. What lies between the parts is never written, so it takes no memory.
 */
const MARK = 0x31_56_53_41;
const HEAD_SIZE = 16;
const LENGTH_SIZE = 8;
const MAX_PARTS = MAX_FRAME / LENGTH_SIZE;

/** What is smaller is copied: a mapping would cost more time than the copy. */
const MIN_MAPPED = 256 * 1024;
/** Suits any type of array, and the lines of a processor's cache. */
const ALIGNMENT = 64;

/** A part begins where a mapping can begin if it is large enough for one. */
function placeAfter(offset: number, length: number): number {
  const alignment = length >= MIN_MAPPED ? MAP_ALIGNMENT : ALIGNMENT;
  return Math.ceil(offset / alignment) * alignment;
}

/** The bytes of a region with their positions, in any order. */
function* layOut({ frame, attachments }: PackedParts): Generator<[bytes: Uint8Array, position: number]> {
  const head = new DataView(new ArrayBuffer(HEAD_SIZE + attachments.length * LENGTH_SIZE));
  head.setUint32(0, MARK, true);
  head.setUint32(4, frame.byteLength, true);
  head.setUint32(8, attachments.length, true);
  attachments.forEach(({ byteLength }, index) => {
    head.setFloat64(HEAD_SIZE + index * LENGTH_SIZE, byteLength, true);
  });
  yield [new Uint8Array(head.buffer), 0];
  yield [frame, head.byteLength];
  let end = head.byteLength + frame.byteLength;
  for (const attachment of attachments) {
    const start = placeAfter(end, attachment.byteLength);
    yield [attachment, start];
    end = start + attachment.byteLength;
  }
}

/** Writes a value into an empty region. */
export function writeValue(fd: number, parts: PackedParts): void {
  for (const [bytes, position] of layOut(parts)) writeAll(fd, bytes, position);
}

/** The content that a region with this value would have. */
export function createImage(parts: PackedParts): Uint8Array {
  const placed = [...layOut(parts)];
  const image = new Uint8Array(Math.max(...placed.map(([bytes, position]) => position + bytes.byteLength)));
  for (const [bytes, position] of placed) image.set(bytes, position);
  return image;
}

/** What a value is read from. */
export interface Content {
  readonly size: number;
  /** Fills `target` with the bytes at `position`. */
  read(target: Uint8Array, position: number): void;
  /** @returns memory that begins with these bytes, without a copy; undefined if there is none. */
  map(position: number, length: number): ArrayBuffer | undefined;
}

/** The file of a region. Changes of what is mapped are private to this process. */
export class FileContent implements Content {
  readonly size: number;
  readonly #fd: number;
  #isMappable: boolean | undefined;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
  }

  read(target: Uint8Array, position: number): void {
    readAll(this.#fd, target, position);
  }

  map(position: number, length: number): ArrayBuffer | undefined {
    if (length < MIN_MAPPED) return undefined;
    // A file that another process can shorten must not be mapped: the next access would end this process.
    this.#isMappable ??= isImmutable(this.#fd);
    if (!this.#isMappable) return undefined;
    try {
      return loadLibc().libc?.map(this.#fd, length, 'private', position);
    } catch {
      return undefined;
    }
  }
}

export class ImageContent implements Content {
  readonly size: number;
  readonly #image: Uint8Array;

  constructor(image: Uint8Array) {
    this.size = image.byteLength;
    this.#image = image;
  }

  read(target: Uint8Array, position: number): void {
    target.set(this.#image.subarray(position, position + target.byteLength));
  }

  map(): undefined {
    return undefined;
  }
}

/**
 * Reads the value of a region. Its large binary parts are views of the region if that can be mapped, otherwise copies.
 *
 * The region may come from a hostile process: all lengths are checked.
 *
 * @throws {@link ProtocolError} if it holds no value; or the error that says why a part of the value cannot be made in this
 * process.
 */
export function readValue(content: Content): unknown {
  const { size } = content;
  const invalid = () => new ProtocolError('shared memory holds no value');
  if (size < HEAD_SIZE) throw invalid();
  const head = readView(content, HEAD_SIZE, 0);
  const [mark, frameLength, count] = [head.getUint32(0, true), head.getUint32(4, true), head.getUint32(8, true)];
  const frameStart = HEAD_SIZE + count * LENGTH_SIZE;
  let end = frameStart + frameLength;
  if (mark !== MARK || count > MAX_PARTS || frameLength > MAX_FRAME || end > size) throw invalid();
  const lengths = readView(content, count * LENGTH_SIZE, HEAD_SIZE);
  const whole = new WholeMapping(content);
  const parts: StoredPart[] = [];
  for (let at = 0; at < lengths.byteLength; at += LENGTH_SIZE) {
    const length = lengths.getFloat64(at, true);
    if (!(Number.isInteger(length) && length >= MIN_ATTACHMENT && length <= MAX_FRAME)) throw invalid();
    const start = placeAfter(end, length);
    parts.push(new StoredPart(content, whole, start, length));
    end = start + length;
  }
  if (end !== size) throw invalid();
  const frame = new Uint8Array(frameLength);
  content.read(frame, frameStart);
  return unpackParts(frame, parts);
}

function readView(content: Content, length: number, position: number): DataView {
  const bytes = new Uint8Array(length);
  content.read(bytes, position);
  return new DataView(bytes.buffer);
}

/** One mapping of all of the content, made for the first part that asks. */
class WholeMapping {
  readonly #content: Content;
  #buffer: ArrayBuffer | undefined;
  #isTried = false;

  constructor(content: Content) {
    this.#content = content;
  }

  /** Undefined if it cannot be mapped. */
  get buffer(): ArrayBuffer | undefined {
    if (!this.#isTried) this.#buffer = this.#content.map(0, this.#content.size);
    this.#isTried = true;
    return this.#buffer;
  }
}

class StoredPart implements AttachmentSource {
  readonly byteLength: number;
  readonly #content: Content;
  readonly #whole: WholeMapping;
  readonly #start: number;

  constructor(content: Content, whole: WholeMapping, start: number, byteLength: number) {
    this.#content = content;
    this.#whole = whole;
    this.#start = start;
    this.byteLength = byteLength;
  }

  /** All Buffers of a value lie in one mapping, as those of Node.js lie in a pool. */
  openBytes(): Buffer {
    const { buffer } = this.#whole;
    return buffer === undefined
      ? Buffer.from(this.openMemory(false), 0, this.byteLength)
      : Buffer.from(buffer, this.#start, this.byteLength);
  }

  openMemory(isExact: boolean): ArrayBuffer {
    const fits = !isExact || this.byteLength % MAP_ALIGNMENT === 0;
    return (fits ? this.#content.map(this.#start, this.byteLength) : undefined) ?? this.#copy();
  }

  #copy(): ArrayBuffer {
    const bytes = new Uint8Array(this.byteLength);
    this.#content.read(bytes, this.#start);
    return bytes.buffer;
  }
}
