import type { Socket } from 'node:net';
import { ProtocolError } from '../errors.js';
import { Decoder, Encoder } from './codec.js';
import { FrameReader } from './frame.js';
import type { ErrorMessage, Message, ResultRun, TaskRun } from './messages.js';

/** From this size on a batch is written at once, so that memory stays bounded and the other side can begin. */
const MAX_BATCH_SIZE = 256 * 1024;

/** What a {@link Channel} tells its owner. */
export interface ChannelHandler<Received extends Message> {
  /** Called once for each frame, with everything in it. */
  onMessages(messages: Received[]): void;
  /** The pipe has taken everything after it was congested. */
  onDrain(): void;
  /**
   * No more messages will come: the other side has closed its direction of the pipe, or both. With an error: what came
   * was no message.
   */
  onEnd(error?: ProtocolError): void;
  /** Calls `write` when frames may go out, in the order of its calls. Until then the pipe is congested. Default: at once. */
  beforeWrite?(write: () => void): void;
}

/**
 * Messages over one duplex pipe, many in a frame.
 *
 * What is posted goes out with the next {@link flush}: the owner knows when its turn is over, so each turn makes one
 * write. The owner hands in the bytes it reads with {@link receive}.
 */
export class Channel<Received extends Message, Sent extends Message> {
  readonly #socket: Socket;
  readonly #handler: ChannelHandler<Received>;
  readonly #encoder = new Encoder();
  readonly #decoder = new Decoder();
  readonly #reader = new FrameReader({
    onBatch: (bytes, start, end) => this.#handler.onMessages(this.#decoder.decode(bytes, start, end) as Received[]),
    onAttachment: (buffer) => this.#decoder.addAttachment(buffer),
  });
  #ended = false;
  #congested = false;
  /** Batches that wait for {@link ChannelHandler.beforeWrite}. */
  #held = 0;

  constructor(socket: Socket, handler: ChannelHandler<Received>) {
    this.#socket = socket;
    this.#handler = handler;
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
    // A pipe whose other end is gone says so by an error before it closes; the close is what counts.
    socket.on('error', () => {});
  }

  /** Whether bytes wait because the other side does not read as fast. */
  get congested(): boolean {
    return this.#congested;
  }

  /**
   * Adds a message to the next frame.
   *
   * @throws {@link SerializationError} if its value cannot travel; nothing is sent then.
   */
  post(message: Exclude<Sent, TaskRun | ResultRun>): void {
    this.#limitBatch();
    this.#encoder.add(message);
  }

  /** Adds a task, like {@link post}. */
  postTask(id: number, address: number, args: readonly unknown[]): void {
    this.#limitBatch();
    this.#encoder.addTask(id, address, args);
  }

  /** Adds the result of a task, like {@link post}. */
  postResult(id: number, value: unknown): void {
    this.#limitBatch();
    this.#encoder.addResult(id, value);
  }

  /** Adds an error; in place of one that cannot travel goes the one that says why. */
  postError(message: ErrorMessage): void {
    this.#limitBatch();
    try {
      this.#encoder.add(message);
    } catch (error) {
      this.#encoder.add([...message.slice(0, -1), error] as unknown as ErrorMessage);
    }
  }

  #limitBatch(): void {
    if (this.#encoder.size > MAX_BATCH_SIZE) this.flush();
  }

  /** Writes what was posted. */
  flush(): void {
    if (this.#encoder.isEmpty) return;
    const frames = this.#encoder.takeFrames();
    if (frames.length === 0 || this.#handler.beforeWrite === undefined) return this.#write(frames);
    this.#held++;
    this.#handler.beforeWrite(() => {
      this.#held--;
      this.#write(frames);
    });
    if (this.#held > 0) this.#congested = true;
  }

  #write(frames: Uint8Array[]): void {
    if (!this.#socket.writable) return;
    const last = frames.pop();
    if (last === undefined) return;
    if (frames.length > 0) this.#socket.cork();
    for (const frame of frames) this.#socket.write(frame);
    this.#socket.write(last, this.#onWritten);
    if (frames.length > 0) this.#socket.uncork();
    if (this.#socket.writableLength > 0) this.#congested = true;
  }

  /** Not `drain`: a stream emits that only after more bytes waited than its own limit. */
  readonly #onWritten = (): void => {
    if (!this.#congested || this.#held > 0 || this.#socket.writableLength > 0) return;
    this.#congested = false;
    this.#handler.onDrain();
  };

  /** Where the next bytes belong, if at least `minimum` of one frame are missing: read there, they need no copy. */
  getPlace(minimum: number): Uint8Array | undefined {
    return this.#reader.missing >= minimum && !this.#ended ? this.#reader.place : undefined;
  }

  /** Takes the bytes that were read into what {@link getPlace} gave. */
  fill(count: number): void {
    if (this.#ended) return;
    try {
      this.#reader.fill(count);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Takes bytes that came from the other side. */
  receive(chunk: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.#end(error);
    this.destroy();
  }

  /** Closes the sending direction; what was posted is written before. The other side can still send. */
  end(onFlushed?: () => void): void {
    this.flush();
    this.#socket.end(onFlushed);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #end(error?: ProtocolError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handler.onEnd(error);
  }
}
