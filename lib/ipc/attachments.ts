import { ProtocolError } from '../errors.js';

/** Bytes inside the frame, or the number of the attachment that carries them beside it. */
export type Attachment = Uint8Array | number;

/** From here on bytes travel beside the frame: msgpack would copy them, and grow its own buffer to hold them. */
export const MIN_ATTACHMENT = 16 * 1024;

/** Collects the large binary parts of one frame. */
export class AttachmentWriter {
  list: Uint8Array[] = [];
  /** Of all of them, in bytes. */
  size = 0;

  /** A view of `bytes`, not a copy: they must not change until the frame is written. */
  add(buffer: ArrayBuffer, byteOffset: number, byteLength: number): Attachment {
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    if (byteLength < MIN_ATTACHMENT) return bytes;
    this.size += byteLength;
    return this.list.push(bytes) - 1;
  }

  /** Forgets what a value that turned out not to be sendable has added. */
  truncate(length: number): void {
    for (const { byteLength } of this.list.splice(length)) this.size -= byteLength;
  }

  takeAll(): Uint8Array[] {
    const list = this.list;
    if (list.length > 0) this.list = [];
    this.size = 0;
    return list;
  }
}

/**
 * The memory behind an attachment that came with a frame. Each is handed out once: two values never share memory.
 */
export function takeAttachment(attachment: unknown, list: (ArrayBuffer | undefined)[]): ArrayBuffer {
  if (typeof attachment === 'number') {
    const buffer = list[attachment];
    if (buffer === undefined) throw new ProtocolError(`attachment ${attachment} did not come with its frame`);
    list[attachment] = undefined;
    return buffer;
  }
  if (!(attachment instanceof Uint8Array)) throw new ProtocolError('bytes are neither in the frame nor beside it');
  const { buffer, byteOffset, byteLength } = attachment;
  return byteOffset === 0 && byteLength === buffer.byteLength
    ? (buffer as ArrayBuffer)
    : (buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}
