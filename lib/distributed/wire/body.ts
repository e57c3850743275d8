import { ProtocolError, SerializationError } from '../../errors.js';
import { classify } from '../../ipc/classify.js';
import { Decoder } from '../../ipc/decoder.js';
import { Encoder } from '../../ipc/encoder.js';
import { ATTACHMENT, BATCH, HEADER_SIZE } from '../../ipc/frame.js';
import { HANDLE } from '../../ipc/graph/graph.js';
import type { Message } from '../../protocol/messages.js';
import { CHUNK_BYTES } from './messages.js';

/** Values of the program as text: the frames of the pipe protocol, concatenated, in base64. */

/** The maximum length of a body, in characters. Base64 adds a third; frames have headers. */
export function maxBodyFor(maxValueSize: number): number {
  return Math.ceil(((maxValueSize + CHUNK_BYTES) * 4) / 3) + 64 * 1024;
}

const NO_HANDLES = 'objects of a manager and shared memory cannot be sent to another machine';

/** Rejects values that another machine cannot use while they are encoded, so that only their own task fails. */
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
 * Decodes a body of {@link takeBody}. The body may be forged: decoding validates it and never runs code; see
 * `ipc/decoder.ts`.
 *
 * @throws {@link ProtocolError}
 */
export function readBody(body: string): Message[] {
  const bytes = Buffer.from(body, 'base64');
  const decoder = new Decoder(refuseHandle);
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < HEADER_SIZE)
      throw new ProtocolError('received an invalid body: it ends within a frame header');
    const length = bytes.readUInt32LE(at);
    const kind = bytes.readUInt32LE(at + 4);
    const start = at + HEADER_SIZE;
    at = start + length;
    if (at > bytes.length || kind > ATTACHMENT)
      throw new ProtocolError(`received an invalid body: unexpected frame of kind ${kind} and ${length} bytes`);
    if (kind === BATCH) for (const message of decoder.decode(bytes, start, at)) messages.push(message);
    else decoder.addAttachment(new Uint8Array(bytes.subarray(start, at)).buffer);
  }
  return messages;
}

/** The address of a manager's object is a path on one machine; in a forged body an attacker would choose it. */
function refuseHandle(): never {
  throw new ProtocolError(NO_HANDLES);
}

/**
 * Checks the size of a value after it was encoded.
 *
 * @throws {@link SerializationError} if it exceeds `maxValueSize`.
 */
export function checkSize(size: number, maxValueSize: number, path: string): void {
  if (size <= maxValueSize) return;
  throw new SerializationError(
    path,
    `${size} bytes exceed maxValueSize (${maxValueSize}); put it where the hosts can read it ` +
      '(a bucket, a file server, a database) and send its address',
  );
}
