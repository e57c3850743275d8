import { Packr } from 'msgpackr/pack';
import { SerializationError } from '../errors.js';
import { AttachmentWriter } from './attachments.js';
import { encodeGraph } from './encode-graph.js';
import { ATTACHMENT, BATCH, HEADER_SIZE, writeHeader } from './frame.js';
import { measureGraph } from './graph.js';
import { GRAPH, type Message, RESULT, TASK, VALUE_INDEX, VALUE_PATH } from './messages.js';
import { type OnUnsendable, packEach } from './pack-each.js';
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

/**
 * Collects messages and turns them into one frame.
 *
 * One for each direction and process: the records it has defined are known to the one decoder at the other end. Values
 * are looked at when they are added and written by {@link takeFrames}.
 */
export class Encoder {
  readonly #packr = new Packr(packrOptions());
  readonly #attachments = new AttachmentWriter();
  #batch: Message[] = [];
  /** The values of the message that the next task or result may join, the id it then has, and its function. */
  #run: unknown[] | undefined;
  #nextId = 0;
  #address = 0;
  /** Reading a value may run a getter, which may send something itself: its message waits for the next frame. */
  #busy = false;

  /** The approximate size of the frame so far, in bytes. */
  size = 0;

  get isEmpty(): boolean {
    return this.#batch.length === 0;
  }

  /**
   * Adds a task.
   *
   * @throws {@link SerializationError} if an argument cannot travel; nothing is added then.
   */
  addTask(id: number, address: number, args: readonly unknown[]): void {
    const size = measureArguments(args);
    if (size < 0) return this.#addGraph([TASK, id, address, [args]], args);
    this.size += size;
    if (this.#run !== undefined && id === this.#nextId && address === this.#address) this.#run.push(args);
    else {
      const run = [args];
      this.#push([TASK, id, address, run]);
      this.#run = run;
      this.#address = address;
    }
    this.#nextId = id + 1;
  }

  /**
   * Adds the result of a task.
   *
   * @throws {@link SerializationError} if it cannot travel; nothing is added then.
   */
  addResult(id: number, value: unknown): void {
    const size = measurePlain(value);
    if (size < 0) return this.#addGraph([RESULT, id, [value]], value);
    this.size += size;
    if (this.#run !== undefined && id === this.#nextId) this.#run.push(value);
    else {
      const run = [value];
      this.#push([RESULT, id, run]);
      this.#run = run;
    }
    this.#nextId = id + 1;
  }

  /**
   * Adds any other message.
   *
   * @throws {@link SerializationError} if its value cannot travel; nothing is added then.
   */
  add(message: Message): void {
    const index = VALUE_INDEX[message[0]] as number;
    const size = index === 0 ? 0 : measurePlain(message[index]);
    if (size < 0) return this.#addGraph(message, message[index]);
    this.size += size;
    this.#push(message);
  }

  #push(message: Message): void {
    this.size += MESSAGE_SIZE;
    this.#batch.push(message);
    this.#run = undefined;
  }

  /** Adds a message whose value msgpack would not keep as it is. */
  #addGraph(message: Message, value: unknown): void {
    const path = VALUE_PATH[message[0]] as string;
    const { list } = this.#attachments;
    const attached = list.length;
    const waiting = this.#batch.length;
    const wasBusy = this.#busy;
    this.#busy = true;
    try {
      const graph = encodeGraph(value, path, this.#attachments);
      const index = VALUE_INDEX[message[0]] as number;
      this.#push([...message.slice(0, index), graph, GRAPH] as unknown as Message);
      this.size += measureGraph(graph);
    } catch (error) {
      // Unless a getter has sent a message meanwhile, what is attached belongs to this value.
      if (this.#batch.length === waiting) this.#attachments.truncate(attached);
      throw SerializationError.from(error, path);
    } finally {
      this.#busy = wasBusy;
    }
    for (let at = attached; at < list.length; at++) this.size += (list[at] as Uint8Array).byteLength;
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
    this.#run = undefined;
    this.size = 0;
    const frame = this.#packBatch(batch) ?? packEach(this.#packr, batch, attachments, onUnsendable);
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

function createAttachmentFrame(bytes: Uint8Array): Uint8Array[] {
  const header = Buffer.allocUnsafe(HEADER_SIZE);
  writeHeader(header, ATTACHMENT, bytes.byteLength);
  return [header, bytes];
}

function refuseFunction(): never {
  throw new TypeError('a getter returned a function when it was read again');
}
