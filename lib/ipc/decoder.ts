import { Unpackr } from 'msgpackr/pack';
import { ProtocolError } from '../errors.js';
import { MIN_ATTACHMENT } from './attachments.js';
import { decodeGraph } from './decode-graph.js';
import { type HandleMaker, makeHandle } from './handles.js';
import { GRAPH, type Message, RESULT, TASK, VALUE_INDEX } from './messages.js';

/** Up to this size a frame costs little whatever is done with it. */
const SMALL_FRAME = 64 * 1024;

/** Turns the frames of one `Encoder` back into messages. */
export class Decoder {
  readonly #unpackr = new Unpackr({
    sequential: true,
    useRecords: true,
    // Without it two values could share the memory of one frame.
    copyBuffers: true,
    // References between parts are for `graph.ts`; here they would let a few bytes stand for an endless value.
    structuredClone: false,
  });
  readonly #range = { start: 0, end: 0 };
  readonly #makeHandle: HandleMaker;
  #attachments: (ArrayBuffer | undefined)[] = [];

  /** @param makeHandle - default: what is registered makes them. */
  constructor(maker: HandleMaker = makeHandle) {
    this.#makeHandle = maker;
  }

  /**
   * @throws {@link ProtocolError} if it is smaller than any that is sent, which would only fill the memory here.
   */
  addAttachment(buffer: ArrayBuffer): void {
    if (buffer.byteLength < MIN_ATTACHMENT) throw new ProtocolError(`no attachment has ${buffer.byteLength} bytes`);
    this.#attachments.push(buffer);
  }

  /**
   * @throws {@link ProtocolError} if the bytes are not a batch of messages.
   */
  decode(bytes: Uint8Array, start: number, end: number): Message[] {
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

  /** If bytes are left behind the batch, `unpack` prints all of it into its error; here nobody looks at it. */
  #unpackLarge(frame: Uint8Array): unknown {
    let batch: unknown;
    this.#unpackr.unpackMultiple(asBuffer(frame), (value: unknown, _start?: number, end?: number) => {
      if (end !== frame.length) throw new ProtocolError('a frame has bytes behind its list of messages');
      batch = value;
    });
    return batch;
  }

  #decodeValue(message: unknown): void {
    if (!Array.isArray(message)) throw new ProtocolError('a message is not a tuple');
    const kind: unknown = message[0];
    const index = typeof kind === 'number' ? VALUE_INDEX[kind] : undefined;
    if (index === undefined) throw new ProtocolError(`there is no message of kind ${String(kind)}`);
    // An id of another type, such as a big integer, would only fail where somebody counts on from it.
    for (let at = 1; at < index; at++) {
      if (typeof message[at] !== 'number') throw new ProtocolError(`an id in a message of kind ${kind} is no number`);
    }
    const isRun = kind === TASK || kind === RESULT;
    if (message.length === index + 1) {
      if (isRun && !Array.isArray(message[index])) throw new ProtocolError('tasks or results are not a list');
      return;
    }
    if (index === 0 || message.length !== index + 2 || message[index + 1] !== GRAPH) {
      throw new ProtocolError(`a message of kind ${kind} has ${message.length} parts`);
    }
    const value = decodeGraph(message[index], this.#attachments, this.#makeHandle);
    message[index] = isRun ? [value] : value;
    message.pop();
  }
}

/** Bytes inside a frame take the type of what they are copied from, and should be Buffers. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
