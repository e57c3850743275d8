import { ProtocolError } from '../errors.js';

/** Bytes inside the frame, or the number of the attachment that carries them beside it. */
export type Attachment = Uint8Array | number;

/** From this size on, bytes are sent beside the frame: msgpack would copy them, and grow its own buffer for them. */
export const MIN_ATTACHMENT = 16 * 1024;

/** A large binary part of a value. */
export interface OutgoingAttachment {
  readonly bytes: Uint8Array;
  /** Whether the receiver may keep a view of shared memory instead of a copy. */
  readonly asView: boolean;
}

/** Collects the large binary parts of one frame. */
export class AttachmentWriter {
  list: OutgoingAttachment[] = [];
  /** Whether the receiver may keep views of what is added from now on. */
  asViews = false;
  /** The size of all attachments, in bytes. */
  size = 0;

  /** A view of `bytes`, not a copy: they must not change until the frame is written. */
  add(buffer: ArrayBuffer, byteOffset: number, byteLength: number): Attachment {
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    if (byteLength < MIN_ATTACHMENT) return bytes;
    this.size += byteLength;
    return this.list.push({ bytes, asView: this.asViews }) - 1;
  }

  /** Removes the attachments of a value that cannot be sent. */
  truncate(length: number): void {
    for (const { bytes } of this.list.splice(length)) this.size -= bytes.byteLength;
  }

  takeAll(): OutgoingAttachment[] {
    const list = this.list;
    if (list.length > 0) this.list = [];
    this.size = 0;
    return list;
  }
}

/** A large binary part that is not in the memory of this process yet. */
export interface AttachmentSource {
  readonly byteLength: number;
  openBytes(): Buffer;
  /** Only if `isExact` the memory has exactly {@link byteLength} bytes; otherwise it may be longer. */
  openMemory(isExact: boolean): ArrayBuffer;
}

/** The attachments that came with a frame; `undefined` in the place of one that was taken. */
export type ReceivedAttachments = (ArrayBuffer | AttachmentSource | undefined)[];

/**
 * The memory of an attachment that came with a frame, with exactly its bytes if `isExact`.
 *
 * @throws {@link ProtocolError}
 */
export function takeMemory(attachment: unknown, list: ReceivedAttachments, isExact: boolean): ArrayBuffer {
  if (typeof attachment === 'number') {
    const received = take(attachment, list);
    return 'openMemory' in received ? received.openMemory(isExact) : received;
  }
  const { buffer, byteOffset, byteLength } = expectBytes(attachment);
  return byteOffset === 0 && byteLength === buffer.byteLength
    ? (buffer as ArrayBuffer)
    : (buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}

/**
 * The bytes of an attachment that came with a frame.
 *
 * @throws {@link ProtocolError}
 */
export function takeBytes(attachment: unknown, list: ReceivedAttachments): Buffer {
  if (typeof attachment !== 'number') return Buffer.from(takeMemory(attachment, list, true));
  const received = take(attachment, list);
  return 'openBytes' in received ? received.openBytes() : Buffer.from(received);
}

/** Each attachment is returned once, so that two values never share memory. */
function take(index: number, list: ReceivedAttachments): ArrayBuffer | AttachmentSource {
  const received = list[index];
  if (received === undefined) throw new ProtocolError(`attachment ${index} is missing`);
  list[index] = undefined;
  return received;
}

function expectBytes(attachment: unknown): Uint8Array {
  if (attachment instanceof Uint8Array) return attachment;
  throw new ProtocolError('bytes are neither in the frame nor in an attachment');
}
