import { Packr, Unpackr } from 'msgpackr/pack';
import { ProtocolError } from '../errors.js';
import { AttachmentWriter } from './attachments.js';
import { decodeGraph } from './decode-graph.js';
import { encodeGraph } from './encode-graph.js';
import { ATTACHMENT, BATCH, HEADER_SIZE, writeHeader } from './frame.js';
import { GRAPH, type Message, VALUE_INDEX } from './messages.js';
import { measureArguments, measurePlain } from './plain.js';

/** Programs with many kinds of records would otherwise define the same ones again and again. */
const MAX_RECORDS = 1024;
/** Room for the header in front of what msgpackr writes (its RESERVE_START_SPACE). */
const RESERVE_HEADER = 2048 | HEADER_SIZE;

/** Bytes that a message takes beside its value, roughly. */
const MESSAGE_SIZE = 8;

/**
 * Collects messages and turns them into one frame.
 *
 * One for each direction and process: the records it has defined are known to the one decoder at the other end.
 */
export class Encoder {
  readonly #packr = new Packr(packrOptions());
  readonly #attachments = new AttachmentWriter();
  #batch: Message[] = [];

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
    this.size += MESSAGE_SIZE;
    if (index > 0) this.#encodeValue(message as unknown[], index, path);
    this.#batch.push(message);
  }

  #encodeValue(message: unknown[], index: number, path: string): void {
    const value = message[index];
    const size = path === ARGUMENTS ? measureArguments(value as unknown[]) : measurePlain(value);
    if (size >= 0) {
      this.size += size;
      return;
    }
    const attached = this.#attachments.list.length;
    try {
      message[index] = encodeGraph(value, path, this.#attachments);
      message.push(GRAPH);
    } catch (error) {
      this.#attachments.truncate(attached);
      throw error;
    }
    this.size += GRAPH_SIZE;
    for (const bytes of this.#attachments.list.slice(attached)) this.size += bytes.byteLength;
  }

  /**
   * What has been added, as bytes to write one after the other.
   *
   * A message that can't be written after all (a getter gave another value this time) is left out and handed to
   * `onUnsendable`; the others are not harmed by it.
   */
  takeFrames(onUnsendable: (message: Message, error: unknown) => void): Uint8Array[] {
    const batch = this.#batch;
    this.#batch = [];
    this.size = 0;
    const frame = this.#packBatch(batch) ?? this.#packBatch(batch.filter((message) => isSendable(message, onUnsendable)));
    const attachments = this.#attachments.takeAll();
    if (frame === undefined) throw new ProtocolError('messages can be written one by one, but not together');
    return attachments.length === 0 ? [frame] : [...attachments.flatMap(createAttachmentFrame), frame];
  }

  #packBatch(batch: readonly Message[]): Uint8Array | undefined {
    try {
      const frame = this.#packr.pack(batch, RESERVE_HEADER);
      writeHeader(frame, BATCH, frame.byteLength - HEADER_SIZE);
      return frame;
    } catch {
      // Records that were defined in the lost bytes have to be defined again.
      this.#packr.clearSharedData();
      return undefined;
    }
  }
}

function isSendable(message: Message, onUnsendable: (message: Message, error: unknown) => void): boolean {
  try {
    writeHeader(new Uint8Array(HEADER_SIZE), BATCH, new Packr(packrOptions()).pack(message).byteLength);
    return true;
  } catch (error) {
    onUnsendable(message, error);
    return false;
  }
}

/** The path of a task's arguments, of which only the elements travel. */
export const ARGUMENTS = 'args';

/** What a graph is taken to weigh beside its attachments; knowing better would mean a second walk. */
const GRAPH_SIZE = 256;

/** A new object each time: msgpackr writes into it. */
function packrOptions(): ConstructorParameters<typeof Packr>[0] {
  return {
    sequential: true,
    useRecords: true,
    useToJSON: false,
    maxOwnStructures: MAX_RECORDS,
    // Nothing here can be a function unless a getter changed its mind after the value was looked at.
    writeFunction: refuseFunction,
  };
}

function createAttachmentFrame(bytes: Uint8Array): Uint8Array[] {
  const header = Buffer.allocUnsafe(HEADER_SIZE);
  writeHeader(header, ATTACHMENT, bytes.byteLength);
  return [header, bytes];
}

function refuseFunction(): never {
  throw new TypeError('a getter returned a function when it was read again');
}

/** Turns the frames of one {@link Encoder} back into messages. */
export class Decoder {
  readonly #unpackr = new Unpackr({
    sequential: true,
    useRecords: true,
    // Without it two values could share the memory of one frame.
    copyBuffers: true,
  });
  readonly #range = { start: 0, end: 0 };
  #attachments: (ArrayBuffer | undefined)[] = [];

  addAttachment(buffer: ArrayBuffer): void {
    this.#attachments.push(buffer);
  }

  /**
   * @throws {@link ProtocolError} if the bytes are not a batch of messages.
   */
  decode(bytes: Uint8Array, start: number, end: number): Message[] {
    this.#range.start = start;
    this.#range.end = end;
    try {
      const batch: unknown = this.#unpackr.unpack(bytes, this.#range);
      if (!Array.isArray(batch)) throw new ProtocolError('a frame is not a list of messages');
      for (const message of batch) this.#decodeValue(message);
      return batch;
    } catch (cause) {
      throw cause instanceof ProtocolError ? cause : new ProtocolError('a frame does not decode', { cause });
    } finally {
      if (this.#attachments.length > 0) this.#attachments = [];
    }
  }

  #decodeValue(message: unknown): void {
    if (!Array.isArray(message)) throw new ProtocolError('a message is not a tuple');
    const index = VALUE_INDEX[message[0]];
    if (index === undefined) throw new ProtocolError(`there is no message of kind ${String(message[0])}`);
    if (index > 0 && message.length === index + 2 && message[index + 1] === GRAPH) {
      message[index] = decodeGraph(message[index], this.#attachments);
      message.pop();
    }
  }
}
