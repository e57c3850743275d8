import type { Packr } from 'msgpackr/pack';
import { SerializationError } from '../errors.js';
import { AttachmentWriter } from './attachments.js';
import { encodeGraph } from './encode-graph.js';
import { BATCH, HEADER_SIZE, MAX_FRAME, writeHeader } from './frame.js';
import { GRAPH, type Message, RESULT, TASK, VALUE_INDEX, VALUE_PATH } from './messages.js';

/** The header of a frame and that of a msgpack list with a length of 32 bits. */
const LIST_HEADER_SIZE = HEADER_SIZE + 5;
const LIST_32 = 0xdd;

/** Takes a message that turned out not to be writable, after the encoder had accepted it. */
export type OnUnsendable = (message: Message, error: SerializationError) => void;

/** The frame of a batch, made so that a message which cannot be written is found and left out. */
export function packEach(
  packr: Packr,
  batch: readonly Message[],
  attachments: Uint8Array[],
  onUnsendable: OnUnsendable,
): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let size = LIST_HEADER_SIZE;
  for (const message of batch.flatMap(splitRun)) {
    try {
      const part = packr.pack(toGraph(message, attachments));
      if (part.byteLength > MAX_FRAME - size) throw new RangeError(`it makes a frame of more than ${MAX_FRAME} bytes`);
      size += part.byteLength;
      parts.push(part);
    } catch (error) {
      onUnsendable(message, SerializationError.from(error, VALUE_PATH[message[0]] as string));
    }
  }
  return parts.length === 0 ? undefined : createBatchFrame(parts, size);
}

/** Each task and result of its own. */
function splitRun(message: Message): Message[] {
  if (isGraph(message)) return [message];
  if (message[0] === TASK) return message[3].map((args, at) => [TASK, message[1] + at, message[2], [args]]);
  if (message[0] === RESULT) return message[2].map((value, at) => [RESULT, message[1] + at, [value]]);
  return [message];
}

function isGraph(message: Message): boolean {
  return message.length > (VALUE_INDEX[message[0]] as number) + 1;
}

/**
 * The graph holds what a getter gives, so nothing is read twice any more; it names what cannot travel; and it has no
 * records, so a message that is left out takes no definition with it.
 */
function toGraph(message: Message, attachments: Uint8Array[]): readonly unknown[] {
  const index = VALUE_INDEX[message[0]] as number;
  if (index === 0 || isGraph(message)) return message;
  const value = message[0] === TASK || message[0] === RESULT ? (message[index] as unknown[])[0] : message[index];
  const writer = new AttachmentWriter(attachments);
  const attached = attachments.length;
  try {
    return [...message.slice(0, index), encodeGraph(value, VALUE_PATH[message[0]] as string, writer), GRAPH];
  } catch (error) {
    writer.truncate(attached);
    throw error;
  }
}

function createBatchFrame(parts: readonly Uint8Array[], size: number): Uint8Array {
  const header = Buffer.alloc(LIST_HEADER_SIZE);
  writeHeader(header, BATCH, size - HEADER_SIZE);
  header[HEADER_SIZE] = LIST_32;
  header.writeUInt32BE(parts.length, HEADER_SIZE + 1);
  return Buffer.concat([header, ...parts], size);
}
