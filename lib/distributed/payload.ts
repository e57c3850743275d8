import { ProtocolError, SerializationError } from '../errors.js';
import { classify } from '../ipc/classify.js';
import { Decoder, Encoder } from '../ipc/codec.js';
import { ATTACHMENT, BATCH, HEADER_SIZE } from '../ipc/frame.js';
import { HANDLE } from '../ipc/graph.js';
import type { Message } from '../ipc/messages.js';
import { CHUNK_BYTES } from './messages.js';

/** Values of the program as text: the frames that a pipe would carry, one after the other, in base64. */

/** Text is a third longer than the bytes; frames have headers. */
export function maxBodyFor(maxValueSize: number): number {
  return Math.ceil(((maxValueSize + CHUNK_BYTES) * 4) / 3) + 64 * 1024;
}

const NO_HANDLES = 'objects of a manager do not leave their machine';

/** Refuses what another machine could not use, where it would be written: then only its own task fails. */
export function createEncoder(): Encoder {
  return new Encoder((object) => {
    const kind = classify(object);
    return kind === HANDLE ? NO_HANDLES : kind;
  });
}

export function takeBody(encoder: Encoder): string {
  return Buffer.concat(encoder.takeFrames()).toString('base64');
}

/**
 * Reads what {@link takeBody} gave. Nothing is taken for granted, and no code can come of it: see `ipc/decoder.ts`.
 *
 * @throws {@link ProtocolError}
 */
export function readBody(body: string): Message[] {
  const bytes = Buffer.from(body, 'base64');
  const decoder = new Decoder(refuseHandle);
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < HEADER_SIZE) throw new ProtocolError('a body ends within a header');
    const length = bytes.readUInt32LE(at);
    const kind = bytes.readUInt32LE(at + 4);
    const start = at + HEADER_SIZE;
    at = start + length;
    if (at > bytes.length || kind > ATTACHMENT) throw new ProtocolError(`a body has no frame of ${length} bytes there`);
    if (kind === BATCH) for (const message of decoder.decode(bytes, start, at)) messages.push(message);
    else decoder.addAttachment(new Uint8Array(bytes.subarray(start, at)).buffer);
  }
  return messages;
}

/** The address of a manager's object is a path on one machine, and whoever can write to the datastore would choose it. */
function refuseHandle(): never {
  throw new ProtocolError(NO_HANDLES);
}

/**
 * Says how much a value takes, once it has been added.
 *
 * @throws {@link SerializationError} if that is more than may be.
 */
export function checkSize(size: number, maxValueSize: number, path: string): void {
  if (size <= maxValueSize) return;
  throw new SerializationError(
    path,
    `${size} bytes are more than maxValueSize, ${maxValueSize}; put it where the hosts can read it ` +
      '(a bucket, a file server, a database) and send its address',
  );
}
