import type { Writable } from 'node:stream';

type Callback = (error?: Error | null) => void;
type Chunk = string | Uint8Array;
type Name = 'stdout' | 'stderr';

/**
 * The output that this process prints, on its way to the kernel.
 *
 * A pipe with a slow reader takes 64 KiB; the rest waits in the stream, and is lost if the process exits. The streams are
 * watched from their first use on: reading `process.stdout` creates the stream, and makes a pipe non-blocking for all
 * processes that share it.
 */
export class Output {
  readonly #streams: PrintedStream[] = [];
  /** Callbacks that wait for output to be written, in the order in which they came. */
  #waiting: { ends: readonly number[]; callback: () => void; isAnswer: boolean }[] = [];
  #isReleased = false;

  constructor() {
    // A preloaded module may have printed already: code that has the stream does not read the property again.
    const isUsed = process.getActiveResourcesInfo().some((type) => type === 'PipeWrap' || type === 'TCPSocketWrap');
    for (const name of ['stdout', 'stderr'] as const) {
      onFirstUse(name, (stream) => this.#streams.push(new PrintedStream(stream, this.#onWritten)));
      if (isUsed) void process[name];
    }
  }

  /** Calls back when the kernel has all output printed so far: at once, unless some of it waits. */
  onceWritten(callback: () => void): void {
    if (this.#isWritten) return callback();
    this.#wait(callback, false);
  }

  /** Writes an answer when the kernel has all output printed before it. Answers keep their order. */
  hold(write: () => void): void {
    if (this.#isReleased || this.#isWritten) return write();
    this.#wait(write, true);
  }

  /** The parent no longer waits for answers: writes those that wait for output at once. */
  release(): void {
    this.#isReleased = true;
    const held = this.#waiting.filter(({ isAnswer }) => isAnswer);
    this.#waiting = this.#waiting.filter(({ isAnswer }) => !isAnswer);
    for (const { callback } of held) callback();
  }

  get #isWritten(): boolean {
    return this.#waiting.length === 0 && !this.#streams.some((stream) => stream.isWaiting);
  }

  #wait(callback: () => void, isAnswer: boolean): void {
    this.#waiting.push({ ends: this.#streams.map(({ end }) => end), callback, isAnswer });
    // May write everything before it returns, as to a file.
    for (const stream of this.#streams) stream.uncork();
  }

  readonly #onWritten = (): void => {
    while (this.#waiting[0]?.ends.every((end, index) => this.#streams[index]?.hasWritten(end))) {
      this.#waiting.shift()?.callback();
    }
  };
}

/** Calls back with the stream when it is first used. */
function onFirstUse(name: Name, callback: (stream: Writable) => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(process, name);
  if (descriptor?.get === undefined || !descriptor.configurable) return callback(process[name]);
  Object.defineProperty(process, name, {
    ...descriptor,
    get() {
      Object.defineProperty(process, name, descriptor);
      callback(process[name]);
      return process[name];
    },
  });
}

/** Counts the output that `process.stdout` or `process.stderr` was given and has written. */
class PrintedStream {
  readonly #stream: Writable;
  /** In the units of `writableLength`. */
  #written = 0;

  constructor(stream: Writable, onWritten: () => void) {
    this.#stream = stream;
    /**
     * With a closed pipe, a closed terminal or a full disk the output is lost, and nothing else: writers are told that it was
     * written. An error would end the process, or leave them waiting for `drain`.
     */
    const finish = (length: number, callback: Callback) => () => {
      this.#written += length;
      try {
        callback();
      } finally {
        onWritten();
      }
    };
    const write = stream._write;
    stream._write = (chunk: Chunk, encoding, callback) =>
      write.call(stream, chunk, encoding, finish(chunk.length, callback));
    const writeMany = stream._writev;
    if (!writeMany) return;
    stream._writev = (chunks: { chunk: Chunk; encoding: BufferEncoding }[], callback) => {
      const length = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
      writeMany.call(stream, chunks, finish(length, callback));
    };
  }

  get isWaiting(): boolean {
    return this.#stream.writableLength > 0;
  }

  /** The end of the output printed so far. */
  get end(): number {
    return this.#written + this.#stream.writableLength;
  }

  hasWritten(end: number): boolean {
    return this.#written >= end || !this.isWaiting;
  }

  /** Corks save system calls. A task that leaves one open would wait for ever. */
  uncork(): void {
    while (this.#stream.writableCorked > 0) this.#stream.uncork();
  }
}
