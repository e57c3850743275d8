import type { Socket } from 'node:net';
import { ProtocolError } from '../errors.js';
import type { ErrorMessage, Message, ResultRun, TaskRun } from '../protocol/messages.js';
import { nextTick } from '../util/clock.js';
import type { BlockMemory } from './block-memory.js';
import { classify } from './classify.js';
import { Decoder } from './decoder.js';
import { Encoder } from './encoder.js';
import { createNumberFrame, FrameReader, KEEP, RELEASE } from './frame.js';

/** From this size on, a batch is written at once: memory stays bounded, and the other side can start. */
const MAX_BATCH_SIZE = 256 * 1024;

/** From this many bytes on, the other side is told at once that it may use blocks again: it may wait for them. */
const MAX_UNTOLD = 1024 * 1024;

/** The events of a {@link Channel}. */
export interface ChannelHandler<Received extends Message> {
  /** Called once per frame, with all of its messages. */
  onMessages(messages: Received[]): void;
  /** More can be sent after the channel was congested. */
  onDrain(): void;
  /**
   * No more messages will come: the other side closed its direction of the pipe, or both. With an error, the received
   * bytes were invalid.
   */
  onEnd(error?: ProtocolError): void;
  /** Calls `write` when frames may go out, in the order of its calls. Until then the pipe is congested. Default: at once. */
  beforeWrite?(write: () => void): void;
}

/**
 * Messages over one duplex pipe, many in a frame.
 *
 * Posted messages are written by the next {@link flush}: the owner knows when its turn is over, so each turn makes one
 * write. The owner passes the bytes that it reads to {@link receive}.
 */
export class Channel<Received extends Message, Sent extends Message> {
  readonly #socket: Socket;
  readonly #handler: ChannelHandler<Received>;
  readonly #memory: BlockMemory | undefined;
  readonly #encoder: Encoder;
  readonly #decoder = new Decoder();
  readonly #reader: FrameReader;
  #ended = false;
  #congested = false;
  /** Batches that wait for {@link ChannelHandler.beforeWrite}. */
  #held = 0;
  /** What the other side has not been told yet about its blocks, and their size in bytes. */
  readonly #kept: number[] = [];
  readonly #released: number[] = [];
  #untoldSize = 0;

  /** @param memory - if the other side has the same. */
  constructor(socket: Socket, handler: ChannelHandler<Received>, memory?: BlockMemory) {
    this.#socket = socket;
    this.#handler = handler;
    this.#memory = memory;
    this.#encoder = new Encoder(classify, memory);
    this.#reader = new FrameReader({
      onBatch: (bytes, start, end) => this.#handler.onMessages(this.#decoder.decode(bytes, start, end) as Received[]),
      onAttachment: (buffer) => {
        if (memory !== undefined && buffer.byteLength >= memory.threshold) memory.want();
        this.#decoder.addAttachment(buffer);
      },
      ...(memory !== undefined && {
        onBlock: (position, length, asView) => this.#onBlock(memory, position, length, asView),
        onRelease: (positions) => this.#onUse((position) => memory.release(position), positions),
        onKeep: (positions) => this.#onUse((position) => memory.keep(position), positions),
      }),
    });
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
    // If the other end is gone, the pipe emits an error before it closes. The close is enough.
    socket.on('error', () => {});
  }

  /** Whether bytes or blocks wait because the other side reads more slowly. */
  get congested(): boolean {
    return this.#congested || this.#memory?.isFull === true;
  }

  /**
   * Adds a message to the next frame.
   *
   * @param asViews - whether the receiver may keep views of large parts that lie in shared memory.
   * @throws {@link SerializationError} if its value cannot be sent; nothing is added then.
   */
  post(message: Exclude<Sent, TaskRun | ResultRun>, asViews = false): void {
    this.#limitBatch();
    this.#encoder.add(message, asViews);
  }

  /** Adds a task, like {@link post}. */
  postTask(id: number, address: number, args: readonly unknown[], asViews = false): void {
    this.#limitBatch();
    this.#encoder.addTask(id, address, args, asViews);
  }

  /** Adds the result of a task, like {@link post}. */
  postResult(id: number, value: unknown, asViews = false): void {
    this.#limitBatch();
    this.#encoder.addResult(id, value, asViews);
  }

  /** Adds an error. If it cannot be sent, the error that says why is sent instead. */
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

  /** Writes the posted messages. */
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

  /** Where to read the next bytes without a copy, if at least `minimum` bytes of a frame are missing. */
  getPlace(minimum: number): Uint8Array | undefined {
    return this.#reader.missing >= minimum && !this.#ended ? this.#reader.place : undefined;
  }

  /** Takes the bytes that were read into the memory that {@link getPlace} returned. */
  fill(count: number): void {
    if (this.#ended) return;
    try {
      this.#reader.fill(count);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Takes bytes from the other side. */
  receive(chunk: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  #onBlock(memory: BlockMemory, position: number, length: number, asView: boolean): void {
    const tell = (list: number[]) => {
      if (this.#kept.length + this.#released.length === 0) nextTick(this.#tellUse);
      list.push(position);
      this.#untoldSize += length;
      if (this.#untoldSize >= MAX_UNTOLD) this.#tellUse();
    };
    const use = { keep: () => tell(this.#kept), release: () => tell(this.#released) };
    this.#decoder.addAttachment(memory.read(position, length, asView, use));
  }

  readonly #tellUse = (): void => {
    if (this.#kept.length > 0) this.#write([createNumberFrame(KEEP, this.#kept.splice(0))]);
    if (this.#released.length > 0) this.#write([createNumberFrame(RELEASE, this.#released.splice(0))]);
    this.#untoldSize = 0;
  };

  #onUse(use: (position: number) => void, positions: readonly number[]): void {
    const wasCongested = this.congested;
    for (const position of positions) use(position);
    if (wasCongested && !this.congested) this.#handler.onDrain();
  }

  #fail(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.#end(error);
    this.destroy();
  }

  /** Closes the sending direction, after the posted messages. The other side can still send. */
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
