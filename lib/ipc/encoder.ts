import { Packr } from 'msgpackr/pack';
import { SerializationError } from '../errors.js';
import { AttachmentWriter } from './attachments.js';
import { encodeGraph } from './encode-graph.js';
import { ATTACHMENT, BATCH, HEADER_SIZE, MAX_FRAME, writeHeader } from './frame.js';
import { measureGraph } from './graph.js';
import { GRAPH, type Message, VALUE_INDEX } from './messages.js';
import { measureArguments, measurePlain } from './plain.js';

/** Programs with many kinds of records would otherwise define the same ones again and again. */
const MAX_RECORDS = 1024;
/** Room for the header in front of what msgpackr writes (its RESERVE_START_SPACE). */
const RESERVE_HEADER = 2048 | HEADER_SIZE;

/** msgpackr writes into memory that it keeps; after a frame larger than this it starts with a small piece again. */
const MAX_KEPT_MEMORY = 16 * 1024 * 1024;
const INITIAL_MEMORY = 64 * 1024;

/** Bytes that a message takes beside its value, roughly. */
const MESSAGE_SIZE = 8;

/** The path of a task's arguments, of which only the elements travel. */
export const ARGUMENTS = 'args';

/** Takes a message that turned out not to be writable, after {@link Encoder.add} had accepted it. */
type OnUnsendable = (message: Message, error: SerializationError) => void;

/**
 * Collects messages and turns them into one frame.
 *
 * One for each direction and process: the records it has defined are known to the one decoder at the other end.
 */
export class Encoder {
  readonly #packr = new Packr(packrOptions());
  readonly #attachments = new AttachmentWriter();
  #batch: Message[] = [];
  /** What the value is called, for each kind of message. */
  readonly #paths: string[] = [];
  /** Reading a value may run a getter, which may send something itself: its message waits for the next frame. */
  #busy = false;

  /** The approximate size of the frame so far, in bytes. */
  size = 0;

  get isEmpty(): boolean {
    return this.#batch.length === 0;
  }

  /**
   * Adds a message. Its value is looked at now and written by {@link takeFrames}.
   *
   * @throws {@link SerializationError} if the value cannot travel; the message is not added then.
   */
  add(message: Message, path: string): void {
    const index = VALUE_INDEX[message[0]] as number;
    if (index > 0) this.#encodeValue(message as unknown[], index, path);
    this.size += MESSAGE_SIZE;
    this.#batch.push(message);
    this.#paths[message[0]] = path;
  }

  #encodeValue(message: unknown[], index: number, path: string): void {
    const value = message[index];
    const size = path === ARGUMENTS ? measureArguments(value as unknown[]) : measurePlain(value);
    if (size >= 0) this.size += size;
    else this.#flattenValue(message, index, path);
  }

  #flattenValue(message: unknown[], index: number, path: string): void {
    const attached = this.#attachments.list.length;
    const waiting = this.#batch.length;
    const wasBusy = this.#busy;
    this.#busy = true;
    try {
      const graph = encodeGraph(message[index], path, this.#attachments);
      message[index] = graph;
      message.push(GRAPH);
      this.size += measureGraph(graph);
    } catch (error) {
      // Unless a getter has sent a message meanwhile, what is attached belongs to this value.
      if (this.#batch.length === waiting) this.#attachments.truncate(attached);
      throw toSerializationError(error, path);
    } finally {
      this.#busy = wasBusy;
    }
    for (let at = attached; at < this.#attachments.list.length; at++) {
      this.size += (this.#attachments.list[at] as Uint8Array).byteLength;
    }
  }

  /**
   * What has been added, as bytes to write one after the other.
   *
   * A message that can't be written after all (a getter gave another value this time) is left out and handed to
   * `onUnsendable`; the others are not harmed by it.
   */
  takeFrames(onUnsendable: OnUnsendable): Uint8Array[] {
    if (this.#busy) return [];
    this.#busy = true;
    try {
      const frames = this.#takeFrame(onUnsendable);
      while (!this.isEmpty) frames.push(...this.#takeFrame(onUnsendable));
      return frames;
    } finally {
      this.#busy = false;
    }
  }

  #takeFrame(onUnsendable: OnUnsendable): Uint8Array[] {
    const batch = this.#batch;
    const attachments = this.#attachments.takeAll();
    this.#batch = [];
    this.size = 0;
    const frame = this.#packBatch(batch) ?? this.#packOneByOne(batch, attachments, onUnsendable);
    if (frame === undefined) return [];
    return attachments.length === 0 ? [frame] : [...attachments.flatMap(createAttachmentFrame), frame];
  }

  #packBatch(batch: readonly Message[]): Uint8Array | undefined {
    try {
      const frame = this.#packr.pack(batch, RESERVE_HEADER);
      writeHeader(frame, BATCH, frame.byteLength - HEADER_SIZE);
      if (frame.buffer.byteLength > MAX_KEPT_MEMORY) this.#packr.useBuffer(Buffer.allocUnsafeSlow(INITIAL_MEMORY));
      return frame;
    } catch {
      // What was defined in bytes that are not sent has to be defined again.
      this.#packr.clearSharedData();
      return undefined;
    }
  }

  /** The same frame, made so that a message which cannot be written is found and left out. */
  #packOneByOne(
    batch: readonly Message[],
    attachments: Uint8Array[],
    onUnsendable: OnUnsendable,
  ): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    let size = LIST_HEADER_SIZE;
    for (const message of batch) {
      const path = this.#paths[message[0]] as string;
      try {
        const part = this.#packMessage(message, path, attachments, MAX_FRAME - size);
        size += part.byteLength;
        parts.push(part);
      } catch (error) {
        onUnsendable(message, toSerializationError(error, path));
      }
    }
    return parts.length === 0 ? undefined : createBatchFrame(parts, size);
  }

  #packMessage(message: Message, path: string, attachments: Uint8Array[], limit: number): Uint8Array {
    const index = VALUE_INDEX[message[0]] as number;
    const plain = message.length === index + 1;
    // The graph holds what a getter gives, so nothing is read twice any more; it names what cannot travel; and it has
    // no records, so a message that is left out takes no definition with it.
    const form = plain && index > 0 ? flatten(message as unknown[], index, path, attachments) : message;
    const part = this.#packr.pack(form);
    if (part.byteLength > limit) throw new RangeError(`it makes a frame of more than ${MAX_FRAME} bytes`);
    return part;
  }
}

function flatten(message: readonly unknown[], index: number, path: string, attachments: Uint8Array[]): unknown[] {
  const writer = new AttachmentWriter(attachments);
  const attached = attachments.length;
  try {
    return [...message.slice(0, index), encodeGraph(message[index], path, writer), GRAPH];
  } catch (error) {
    writer.truncate(attached);
    throw error;
  }
}

function toSerializationError(error: unknown, path: string): SerializationError {
  if (error instanceof SerializationError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new SerializationError(path, reason, { cause: error });
}

/** A new object each time: msgpackr writes into it. */
function packrOptions(): ConstructorParameters<typeof Packr>[0] {
  return {
    sequential: true,
    useRecords: true,
    useToJSON: false,
    // Sets arrive as sets.
    moreTypes: true,
    maxOwnStructures: MAX_RECORDS,
    // Nothing here can be a function unless a getter changed its mind after the value was looked at.
    writeFunction: refuseFunction,
  };
}

/** The header of a frame and that of a msgpack list with a length of 32 bits. */
const LIST_HEADER_SIZE = HEADER_SIZE + 5;
const LIST_32 = 0xdd;

function createBatchFrame(parts: readonly Uint8Array[], size: number): Uint8Array {
  const header = Buffer.alloc(LIST_HEADER_SIZE);
  writeHeader(header, BATCH, size - HEADER_SIZE);
  header[HEADER_SIZE] = LIST_32;
  header.writeUInt32BE(parts.length, HEADER_SIZE + 1);
  return Buffer.concat([header, ...parts], size);
}

function createAttachmentFrame(bytes: Uint8Array): Uint8Array[] {
  const header = Buffer.allocUnsafe(HEADER_SIZE);
  writeHeader(header, ATTACHMENT, bytes.byteLength);
  return [header, bytes];
}

function refuseFunction(): never {
  throw new TypeError('a getter returned a function when it was read again');
}
