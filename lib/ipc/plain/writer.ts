import { HEADER_SIZE, MAX_FRAME, writeHeader } from '../frame.js';
import { isSendableText } from '../graph/primitives.js';

/** Memory for a few frames of usual size. */
const CHUNK_SIZE = 64 * 1024;
/** After a frame larger than this, the memory is small again. */
const MAX_KEPT_MEMORY = 16 * 1024 * 1024;
/** A frame is not started in less memory than this. */
const MIN_ROOM = 2048;
/** The longest token except texts and bytes: a date. */
const TOKEN_SIZE = 15;
/** The native encoder writes longer texts; for short ones the call takes longer than the text. */
export const SHORT_TEXT = 24;

/**
 * Writes msgpack into memory that frames share until it is full.
 *
 * A frame starts with room for its header. Positions are relative to its start, because it moves when it needs more
 * room. The tokens of small integers and records are those of msgpackr: its records are the tokens 0x40 to 0x7f.
 */
export class Writer {
  protected bytes = Buffer.allocUnsafeSlow(CHUNK_SIZE);
  protected view = new DataView(this.bytes.buffer);
  protected position = HEADER_SIZE;
  #start = 0;
  #lastSize = MIN_ROOM;

  /** The size of the frame so far. */
  get size(): number {
    return this.position - this.#start;
  }

  /** Ends the frame and starts the next one. */
  takeFrame(kind: number): Buffer {
    const { bytes, size } = this;
    const frame = bytes.subarray(this.#start, this.position);
    writeHeader(frame, kind, size - HEADER_SIZE);
    this.#lastSize = Math.max(size, MIN_ROOM);
    this.#start = (this.position + 7) & ~7;
    if (bytes.length - this.#start < this.#lastSize) this.#renew(size > MAX_KEPT_MEMORY ? 0 : size * 2);
    this.position = this.#start + HEADER_SIZE;
    return frame;
  }

  /** Removes what was written since the frame had this size. */
  rewind(size: number): void {
    this.position = this.#start + size;
  }

  /** Opens a list whose length is not known yet; returns the position for {@link closeList}. */
  writeOpenList(): number {
    this.reserve(5);
    this.bytes[this.position] = 0xdd;
    this.position += 5;
    return this.size - 4;
  }

  closeList(place: number, length: number): void {
    this.view.setUint32(this.#start + place, length);
  }

  writeListHeader(length: number): void {
    this.writeHead(0x90, 0xdc, length);
  }

  /** Writes a kind of container and its length, in one, three or five bytes. */
  protected writeHead(tiny: number, medium: number, length: number): void {
    this.reserve(5);
    const { bytes } = this;
    if (length < 16) bytes[this.position++] = tiny | length;
    else if (length < 0x10000) {
      bytes[this.position++] = medium;
      bytes[this.position++] = length >>> 8;
      bytes[this.position++] = length;
    } else {
      bytes[this.position++] = medium + 1;
      this.view.setUint32(this.position, length);
      this.position += 4;
    }
  }

  protected writeByte(byte: number): void {
    this.reserve(1);
    this.bytes[this.position++] = byte;
  }

  /** Any number but `-0`. */
  writeNumber(value: number): void {
    this.reserve(9);
    const { bytes } = this;
    if ((value | 0) !== value) {
      bytes[this.position] = 0xcb;
      this.view.setFloat64(this.position + 1, value);
      this.position += 9;
    } else if (value < 0x40 && value >= -0x20) bytes[this.position++] = value;
    else if (value > 0 && value < 0x10000) {
      bytes[this.position] = 0xcd;
      bytes[this.position + 1] = value >>> 8;
      bytes[this.position + 2] = value;
      this.position += 3;
    } else {
      bytes[this.position] = 0xd2;
      this.view.setInt32(this.position + 1, value);
      this.position += 5;
    }
  }

  /** A 64-bit integer. */
  protected writeBigInt(value: bigint): void {
    this.writeByte(0xd3);
    this.reserve(8);
    this.view.setBigInt64(this.position, value);
    this.position += 8;
  }

  protected writeUndefined(): void {
    this.writeMark(0);
  }

  /** An extension of this type without content, which may stand for the value that follows. */
  protected writeMark(type: number): void {
    this.reserve(3);
    this.bytes[this.position++] = 0xd4;
    this.bytes[this.position++] = type;
    this.bytes[this.position++] = 0;
  }

  /** A valid time, as seconds and nanoseconds. */
  protected writeDate(time: number): void {
    this.reserve(TOKEN_SIZE);
    const seconds = Math.floor(time / 1000);
    this.bytes[this.position] = 0xc7;
    this.bytes[this.position + 1] = 12;
    this.bytes[this.position + 2] = 0xff;
    this.view.setUint32(this.position + 3, (time - seconds * 1000) * 1_000_000);
    this.view.setBigInt64(this.position + 7, BigInt(seconds));
    this.position += TOKEN_SIZE;
  }

  protected writeBytes(source: Uint8Array): void {
    const { length } = source;
    this.reserve(length + 5);
    this.bytes[this.position++] = 0xc6;
    this.view.setUint32(this.position, length);
    this.bytes.set(source, this.position + 4);
    this.position += length + 4;
  }

  /**
   * A lone surrogate has no UTF-8 form, and text decoders remove a leading byte order mark.
   *
   * @returns false for a text that UTF-8 or its decoders would change; nothing is written then.
   */
  protected writeLongText(text: string): boolean {
    const { length } = text;
    if (!isSendableText(text)) return false;
    // The head comes first, with room for the length of the longest encoding of these characters.
    const most = length > CHUNK_SIZE ? Buffer.byteLength(text) : length * 3;
    this.reserve(most + 5);
    const headSize = most < 0x100 ? 2 : most < 0x10000 ? 3 : 5;
    const written = this.bytes.write(text, this.position + headSize, 'utf8');
    if (written !== length && (!text.isWellFormed() || text.charCodeAt(0) === 0xfeff)) return false;
    const { bytes, position } = this;
    if (headSize === 2) {
      bytes[position] = 0xd9;
      bytes[position + 1] = written;
    } else if (headSize === 3) {
      bytes[position] = 0xda;
      bytes[position + 1] = written >>> 8;
      bytes[position + 2] = written;
    } else {
      bytes[position] = 0xdb;
      this.view.setUint32(position + 1, written);
    }
    this.position = position + headSize + written;
    return true;
  }

  protected reserve(size: number): void {
    if (this.position + size > this.bytes.length) this.grow(size);
  }

  protected grow(size: number): void {
    const needed = this.size + size;
    if (needed > MAX_FRAME) throw new RangeError(`it makes a frame of more than ${MAX_FRAME} bytes`);
    const { bytes, position } = this;
    const start = this.#start;
    this.#renew(Math.min(needed * 2, MAX_FRAME));
    bytes.copy(this.bytes, 0, start, position);
    this.position = position - start;
  }

  /** The old memory belongs to the taken frames, which may not be written yet. */
  #renew(size: number): void {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(size, CHUNK_SIZE));
    this.view = new DataView(this.bytes.buffer);
    this.#start = 0;
  }
}
