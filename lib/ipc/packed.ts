import { ProtocolError } from '../errors.js';
import { ITEM, type Message } from '../protocol/messages.js';
import type { AttachmentSource } from './attachments.js';
import { Decoder, failureOf } from './decoder.js';
import { Encoder } from './encoder.js';
import { FrameReader, HEADER_SIZE } from './frame.js';

/**
 * A value in the form in which a process stores it for others: a primitive unchanged, anything else as a frame that any
 * process can decode. The storing process neither decodes it nor needs its classes.
 */
export type Packed = string | number | bigint | boolean | null | undefined | Buffer;

let shared: Encoder | undefined;
let isBusy = false;

/** @throws {@link SerializationError} if it cannot be sent. */
export function pack(value: unknown): Packed {
  if (isPrimitive(value)) return value;
  if (shared === undefined) shared = new Encoder();
  // A getter in the value may pack another one.
  const encoder = isBusy ? new Encoder() : shared;
  const wasBusy = isBusy;
  isBusy = true;
  try {
    encoder.forgetShapes();
    encoder.add([ITEM, 0, value]);
    const frames = encoder.takeFrames() as Buffer[];
    return frames.length === 1 ? frames[0] : Buffer.concat(frames);
  } finally {
    isBusy = wasBusy;
  }
}

function isPrimitive(value: unknown): value is Exclude<Packed, Buffer> {
  return (typeof value !== 'object' || value === null) && typeof value !== 'function' && typeof value !== 'symbol';
}

let decoder: Decoder | undefined;

/**
 * @throws {@link ProtocolError}, or the error that says why a part of the value cannot be made in this process.
 */
export function unpack(packed: unknown): unknown {
  if (!Buffer.isBuffer(packed)) return packed;
  if (decoder === undefined) decoder = new Decoder();
  const reading = decoder;
  // Decoding runs no code that unpacks another value. If it fails, the next value gets a new decoder.
  decoder = undefined;
  let messages: Message[] = [];
  const reader = new FrameReader({
    onBatch: (bytes, start, end) => {
      messages = reading.decode(bytes, start, end);
    },
    onAttachment: (buffer) => reading.addAttachment(buffer),
  });
  reader.push(packed);
  decoder = reading;
  return readItem(messages);
}

/** A value as a frame without its header, and the large binary parts beside it. */
export interface PackedParts {
  readonly frame: Uint8Array;
  readonly attachments: readonly Uint8Array[];
}

/**
 * The attachments are views of the value, not copies.
 *
 * @param path - the name of the value in errors.
 * @throws {@link SerializationError} if it cannot be sent.
 */
export function packParts(value: unknown, path: string): PackedParts {
  const encoder = new Encoder();
  encoder.add([ITEM, 0, value], false, path);
  const frames = encoder.takeFrames();
  const frame = (frames.pop() as Uint8Array).subarray(HEADER_SIZE);
  // Each attachment follows its header.
  return { frame, attachments: frames.filter((_, index) => index % 2 === 1) };
}

/**
 * @throws {@link ProtocolError}, or the error that says why a part of the value cannot be made in this process.
 */
export function unpackParts(frame: Uint8Array, attachments: readonly (ArrayBuffer | AttachmentSource)[]): unknown {
  const reading = new Decoder();
  for (const attachment of attachments) reading.addAttachment(attachment);
  return readItem(reading.decode(frame, 0, frame.byteLength));
}

function readItem([message]: readonly Message[]): unknown {
  if (message?.[0] !== ITEM) throw new ProtocolError('a packed value is not one item');
  const failure = failureOf(message);
  if (failure !== undefined) throw failure;
  return message[2];
}
