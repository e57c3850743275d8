import { SerializationError } from '../errors.js';
import { AttachmentWriter } from './attachments.js';
import { type Classifier, classify } from './classify.js';
import { encodeGraph } from './encode-graph.js';
import { ATTACHMENT, BATCH, HEADER_SIZE, writeHeader } from './frame.js';
import { GRAPH, type Message, RESULT, TASK, VALUE_INDEX, VALUE_PATH } from './messages.js';
import { PlainWriter } from './plain-writer.js';

/** In place of the function of a task, for a result. */
const NO_ADDRESS = -1;

/**
 * Turns messages into frames.
 *
 * One for each direction and process: the records it has defined are known to the one decoder at the other end. Values
 * are written when they are added, so each is read once, as it is then, and one that cannot be written harms no other.
 */
export class Encoder {
  readonly #classify: Classifier;
  readonly #writer = new PlainWriter();
  readonly #attachments = new AttachmentWriter();
  /** How many messages the frame has so far, and where this is to be written. */
  #count = 0;
  #countAt = this.#writer.writeOpenList();
  /** The message that the next task or result may join: its values so far, the id it then has, and its function. */
  #runLength = 0;
  #runAt = 0;
  #nextId = 0;
  #address = NO_ADDRESS;
  /** Reading a value may run a getter, which may send something itself: that follows the value. */
  #busy = false;
  #postponed: unknown[][] = [];

  /** @param classifier - default: all that can travel between processes of one machine does. */
  constructor(classifier: Classifier = classify) {
    this.#classify = classifier;
  }

  /** The approximate size of the frame so far, in bytes. */
  get size(): number {
    return this.#writer.size + this.#attachments.size;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Makes the next frame one that any decoder can read, not only the one that has read those before it. */
  forgetShapes(): void {
    this.#writer.forgetShapes();
  }

  /**
   * Adds a task.
   *
   * @throws {@link SerializationError} if an argument cannot travel; nothing is added then.
   */
  addTask(id: number, address: number, args: readonly unknown[]): void {
    if (!this.#addToRun(id, address, args)) this.#addGraph([TASK, id, address, args]);
  }

  /**
   * Adds the result of a task.
   *
   * @throws {@link SerializationError} if it cannot travel; nothing is added then.
   */
  addResult(id: number, value: unknown): void {
    if (!this.#addToRun(id, NO_ADDRESS, value)) this.#addGraph([RESULT, id, value]);
  }

  /**
   * Adds any other message.
   *
   * @throws {@link SerializationError} if its value cannot travel; nothing is added then.
   */
  add(message: Message): void {
    if (!this.#addMessage(message)) this.#addGraph(message);
  }

  /** @returns false if the value is not plain; nothing is added then. */
  #addToRun(id: number, address: number, value: unknown): boolean {
    if (this.#busy) return false;
    const writer = this.#writer;
    const { size } = writer;
    const joins = this.#runLength > 0 && id === this.#nextId && address === this.#address;
    let done = false;
    this.#busy = true;
    try {
      if (!joins) this.#openRun(id, address);
      done = address === NO_ADDRESS ? writer.writePlain(value) : writer.writeArguments(value as readonly unknown[]);
    } finally {
      this.#busy = false;
      if (!done) writer.rewind(size);
    }
    if (done) {
      if (!joins) this.#count++;
      this.#runLength++;
      this.#nextId = id + 1;
    }
    if (this.#postponed.length > 0) this.#addPostponed();
    return done;
  }

  #openRun(id: number, address: number): void {
    this.#closeRun();
    const writer = this.#writer;
    writer.writeListHeader(address === NO_ADDRESS ? 3 : 4);
    writer.writeNumber(address === NO_ADDRESS ? RESULT : TASK);
    writer.writeNumber(id);
    if (address !== NO_ADDRESS) writer.writeNumber(address);
    this.#runAt = writer.writeOpenList();
    this.#address = address;
  }

  #closeRun(): void {
    if (this.#runLength > 0) this.#writer.closeList(this.#runAt, this.#runLength);
    this.#runLength = 0;
  }

  #addMessage(message: Message): boolean {
    if (this.#busy) return false;
    const writer = this.#writer;
    const { size } = writer;
    let done = false;
    this.#busy = true;
    try {
      this.#closeRun();
      done = writer.writeMessage(message, VALUE_INDEX[message[0]] as number);
    } finally {
      this.#busy = false;
      if (!done) writer.rewind(size);
    }
    if (done) this.#count++;
    if (this.#postponed.length > 0) this.#addPostponed();
    return done;
  }

  /** Adds a message whose value msgpack would not keep as it is. */
  #addGraph(message: readonly [kind: number, ...unknown[]]): void {
    const path = VALUE_PATH[message[0]] as string;
    const index = VALUE_INDEX[message[0]] as number;
    const attached = this.#attachments.list.length;
    const postponed = this.#postponed.length;
    const wasBusy = this.#busy;
    this.#busy = true;
    try {
      const graph = encodeGraph(message[index], path, this.#attachments, this.#classify);
      const parts = [...message.slice(0, index), graph, GRAPH];
      if (wasBusy) this.#postponed.push(parts);
      else this.#addOwn(parts);
    } catch (error) {
      // Unless a getter has sent a message meanwhile, what is attached belongs to this value.
      if (this.#postponed.length === postponed) this.#attachments.truncate(attached);
      throw SerializationError.from(error, path);
    } finally {
      this.#busy = wasBusy;
      if (!wasBusy && this.#postponed.length > 0) this.#addPostponed();
    }
  }

  #addPostponed(): void {
    for (const parts of this.#postponed.splice(0)) this.#addOwn(parts);
  }

  #addOwn(parts: readonly unknown[]): void {
    const { size } = this.#writer;
    let done = false;
    try {
      this.#closeRun();
      this.#writer.writeOwn(parts);
      this.#count++;
      done = true;
    } finally {
      if (!done) this.#writer.rewind(size);
    }
  }

  /** What has been added, as bytes to write one after the other. */
  takeFrames(): Uint8Array[] {
    if (this.#busy || this.isEmpty) return [];
    const writer = this.#writer;
    this.#closeRun();
    writer.closeList(this.#countAt, this.#count);
    const frame = writer.takeFrame(BATCH);
    this.#count = 0;
    this.#countAt = writer.writeOpenList();
    const attachments = this.#attachments.takeAll();
    return attachments.length === 0 ? [frame] : [...attachments.flatMap(createAttachmentFrame), frame];
  }
}

function createAttachmentFrame(bytes: Uint8Array): Uint8Array[] {
  const header = Buffer.allocUnsafe(HEADER_SIZE);
  writeHeader(header, ATTACHMENT, bytes.byteLength);
  return [header, bytes];
}
