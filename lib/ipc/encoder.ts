import { SerializationError } from '../errors.js';
import { GRAPH, type Message, RESULT, TASK, VALUE_INDEX, VALUE_PATH } from '../protocol/messages.js';
import { AttachmentWriter, type OutgoingAttachment } from './attachments.js';
import type { BlockMemory } from './block-memory.js';
import { type Classifier, classify } from './classify.js';
import { ATTACHMENT, BATCH, BLOCK, createNumberFrame, HEADER_SIZE, writeHeader } from './frame.js';
import { encodeGraph } from './graph/encode-graph.js';
import { PlainWriter } from './plain/plain-writer.js';

/** Replaces the function of a task, in a result. */
const NO_ADDRESS = -1;

/**
 * Turns messages into frames.
 *
 * Each direction of a pipe has one encoder, because only the decoder at its other end knows the records that it has
 * defined. A value is written when it is added: it is read once, in that state, and a value that cannot be written does
 * not affect others.
 */
export class Encoder {
  readonly #classify: Classifier;
  readonly #memory: BlockMemory | undefined;
  readonly #writer: PlainWriter;
  readonly #attachments = new AttachmentWriter();
  /** The number of messages in the frame so far, and the position of that number. */
  #count = 0;
  #countAt: number;
  /**
   * The message that the next task or result may join: the number of its values, their position, the next id, and the
   * function.
   */
  #runLength = 0;
  #runAt = 0;
  #nextId = 0;
  #address = NO_ADDRESS;
  /** Reading a value may run a getter, which may send a message itself. That message follows the value. */
  #busy = false;
  #postponed: unknown[][] = [];

  /**
   * @param classifier - default: accepts everything that processes of one machine can exchange.
   * @param memory - default: all bytes go through the pipe.
   */
  constructor(classifier: Classifier = classify, memory?: BlockMemory) {
    this.#classify = classifier;
    this.#memory = memory;
    this.#writer = new PlainWriter(classifier === classify);
    this.#countAt = this.#writer.writeOpenList();
  }

  /** The approximate size of the frame so far, in bytes. */
  get size(): number {
    return this.#writer.size + this.#attachments.size;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Makes the next frame readable for every decoder, not only for the one that read the frames before. */
  forgetShapes(): void {
    this.#writer.forgetShapes();
  }

  /**
   * Adds a task.
   *
   * @param asViews - whether the receiver may keep views of large parts that lie in shared memory.
   * @throws {@link SerializationError} if an argument cannot be sent; nothing is added then.
   */
  addTask(id: number, address: number, args: readonly unknown[], asViews = false): void {
    if (!this.#addToRun(id, address, args)) this.#addGraph([TASK, id, address, args], asViews);
  }

  /**
   * Adds the result of a task.
   *
   * @throws {@link SerializationError} if it cannot be sent; nothing is added then.
   */
  addResult(id: number, value: unknown, asViews = false): void {
    if (!this.#addToRun(id, NO_ADDRESS, value)) this.#addGraph([RESULT, id, value], asViews);
  }

  /**
   * Adds any other message.
   *
   * @param path - the name of its value in errors. Default: that of its kind.
   * @throws {@link SerializationError} if its value cannot be sent; nothing is added then.
   */
  add(message: Message, asViews = false, path?: string): void {
    if (!this.#addMessage(message)) this.#addGraph(message, asViews, path);
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

  /** Adds a message whose value msgpack would change. */
  #addGraph(
    message: readonly [kind: number, ...unknown[]],
    asViews: boolean,
    path = VALUE_PATH[message[0]] as string,
  ): void {
    const index = VALUE_INDEX[message[0]] as number;
    const attached = this.#attachments.list.length;
    const postponed = this.#postponed.length;
    const wasBusy = this.#busy;
    const { asViews: wereViews } = this.#attachments;
    this.#busy = true;
    this.#attachments.asViews = asViews;
    try {
      const graph = encodeGraph(message[index], path, this.#attachments, this.#classify);
      const parts = [...message.slice(0, index), graph, GRAPH];
      if (wasBusy) this.#postponed.push(parts);
      else this.#addOwn(parts);
    } catch (error) {
      // Unless a getter sent a message meanwhile, the new attachments belong to this value.
      if (this.#postponed.length === postponed) this.#attachments.truncate(attached);
      throw SerializationError.from(error, path);
    } finally {
      this.#busy = wasBusy;
      this.#attachments.asViews = wereViews;
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

  /** The added messages, as byte arrays to write one after the other. */
  takeFrames(): Uint8Array[] {
    if (this.#busy || this.isEmpty) return [];
    const writer = this.#writer;
    this.#closeRun();
    writer.closeList(this.#countAt, this.#count);
    const frame = writer.takeFrame(BATCH);
    this.#count = 0;
    this.#countAt = writer.writeOpenList();
    const attachments = this.#attachments.takeAll();
    return attachments.length === 0 ? [frame] : [...attachments.flatMap(this.#createFrames), frame];
  }

  readonly #createFrames = ({ bytes, asView }: OutgoingAttachment): Uint8Array[] => {
    const { byteLength } = bytes;
    const memory = this.#memory;
    const position = memory !== undefined && byteLength >= memory.threshold ? memory.write(bytes) : undefined;
    if (position === undefined) return createAttachmentFrame(bytes);
    return [createNumberFrame(BLOCK, [position, byteLength, asView ? 1 : 0])];
  };
}

function createAttachmentFrame(bytes: Uint8Array): Uint8Array[] {
  const header = Buffer.allocUnsafe(HEADER_SIZE);
  writeHeader(header, ATTACHMENT, bytes.byteLength);
  return [header, bytes];
}
