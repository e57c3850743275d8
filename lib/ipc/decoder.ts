import { addExtension, Unpackr } from 'msgpackr/pack';
import { type AiomultiprocessError, ProtocolError } from '../errors.js';
import { FAILURE, GRAPH, type Message, RESULT, TASK, VALUE_INDEX } from '../protocol/messages.js';
import { type AttachmentSource, MIN_ATTACHMENT, type ReceivedAttachments } from './attachments.js';
import { decodeGraph } from './graph/decode-graph.js';
import { type HandleMaker, makeHandle, PLAIN_HANDLE } from './graph/handles.js';

/** Up to this size, a frame is cheap to process in any way. */
const SMALL_FRAME = 64 * 1024;

/** The maker of the decoder that is at work: msgpackr keeps one reader for all decoders. */
let currentMaker: HandleMaker = makeHandle;
/** The last handle of the frame that it reads. */
let lastHandle: readonly unknown[] | null = null;

addExtension({ type: PLAIN_HANDLE, read: readHandle });

/** @param handle - the kind and the parts; `null`: those of the handle before it. */
function readHandle(handle: readonly unknown[] | null): object {
  lastHandle = handle ?? lastHandle;
  return currentMaker(lastHandle as readonly unknown[]);
}

/** Turns the frames of one `Encoder` back into messages. */
export class Decoder {
  readonly #unpackr = new Unpackr({
    sequential: true,
    useRecords: true,
    // Otherwise two values could share the memory of a frame.
    copyBuffers: true,
    // References between parts belong to `graph.ts`; here, a few bytes could stand for an endless value.
    structuredClone: false,
  });
  readonly #range = { start: 0, end: 0 };
  readonly #makeHandle: HandleMaker;
  #attachments: ReceivedAttachments = [];

  /** @param makeHandle - default: the registered makers. */
  constructor(maker: HandleMaker = makeHandle) {
    this.#makeHandle = maker;
  }

  /**
   * @throws {@link ProtocolError} if it is smaller than any that is sent: such attachments would only fill the memory.
   */
  addAttachment(attachment: ArrayBuffer | AttachmentSource): void {
    if (attachment.byteLength < MIN_ATTACHMENT)
      throw new ProtocolError(`an attachment has only ${attachment.byteLength} bytes`);
    this.#attachments.push(attachment);
  }

  /**
   * @throws {@link ProtocolError} if the bytes are not a batch of messages.
   */
  decode(bytes: Uint8Array, start: number, end: number): Message[] {
    currentMaker = this.#makeHandle;
    lastHandle = null;
    try {
      const batch =
        end - start > SMALL_FRAME ? this.#unpackLarge(bytes.subarray(start, end)) : this.#unpack(bytes, start, end);
      if (!Array.isArray(batch)) throw new ProtocolError('a frame is not a list of messages');
      for (const message of batch) this.#decodeValue(message);
      return batch;
    } catch (cause) {
      throw cause instanceof ProtocolError ? cause : new ProtocolError('a frame does not decode', { cause });
    } finally {
      if (this.#attachments.length > 0) this.#attachments = [];
    }
  }

  #unpack(bytes: Uint8Array, start: number, end: number): unknown {
    this.#range.start = start;
    this.#range.end = end;
    return this.#unpackr.unpack(asBuffer(bytes), this.#range);
  }

  /** Unlike `unpack`, this does not print the whole batch into its error if bytes follow the batch. */
  #unpackLarge(frame: Uint8Array): unknown {
    let batch: unknown;
    this.#unpackr.unpackMultiple(asBuffer(frame), (value: unknown, _start?: number, end?: number) => {
      if (end !== frame.length) throw new ProtocolError('a frame has bytes after its list of messages');
      batch = value;
    });
    return batch;
  }

  #decodeValue(message: unknown): void {
    if (!Array.isArray(message)) throw new ProtocolError('a message is not a tuple');
    const kind: unknown = message[0];
    const index = typeof kind === 'number' ? VALUE_INDEX[kind] : undefined;
    if (index === undefined) throw new ProtocolError(`unknown kind of message: ${String(kind)}`);
    // An id of another type, such as a big integer, would fail only where it is incremented.
    for (let at = 1; at < index; at++) {
      if (typeof message[at] !== 'number')
        throw new ProtocolError(`an id in a message of kind ${kind} is not a number`);
    }
    const isRun = kind === TASK || kind === RESULT;
    if (message.length === index + 1) {
      if (isRun && !Array.isArray(message[index])) throw new ProtocolError('tasks or results are not a list');
      return;
    }
    if (index === 0 || message.length !== index + 2 || message[index + 1] !== GRAPH) {
      throw new ProtocolError(`a message of kind ${kind} has ${message.length} parts`);
    }
    const { value, failure } = decodeGraph(message[index], this.#attachments, this.#makeHandle);
    message[index] = isRun ? [value] : value;
    message.pop();
    if (failure !== undefined) markAsFailed(message as unknown as Message, failure);
  }
}

const FAILED = Symbol('failed');

/**
 * Why a part of the value of this message could not be made in this process; `undefined` if all parts were. The error is
 * then in the part's place.
 */
export function failureOf(message: Message): AiomultiprocessError | undefined {
  return (message as Message & { [FAILED]?: AiomultiprocessError })[FAILED];
}

/** A task whose arguments are incomplete fails when it is called, and a result becomes a failure. */
function markAsFailed(message: Message, failure: AiomultiprocessError): void {
  if (message[0] === TASK) message[3] = [createFailingList(failure)];
  else if (message[0] === RESULT) Object.assign(message, [FAILURE, message[1], failure]);
  Object.assign(message, { [FAILED]: failure });
}

/** A list that throws when it is spread into the parameters of a function. */
function createFailingList(failure: AiomultiprocessError): readonly unknown[] {
  const values = () => {
    throw failure;
  };
  return Object.defineProperty([], Symbol.iterator, { value: values });
}

/** Bytes inside a frame get the type of the memory that they are copied from; they must be Buffers. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
