import type { Writable } from 'node:stream';

type Callback = (error?: Error | null) => void;
type Chunk = string | Uint8Array;
type Name = 'stdout' | 'stderr';

/**
 * What this process prints, on its way to the kernel.
 *
 * A pipe whose reader is slow takes 64 KiB; the rest waits in the stream, and is lost if the process exits. The streams
 * are watched from the moment they are first used: touching `process.stdout` creates it, and makes a pipe non-blocking
 * for everyone who shares it.
 */
export class Output {
  readonly #streams: PrintedStream[] = [];
  /** Those who wait, in the order in which they came. */
  #waiting: { ends: readonly number[]; callback: () => void; isAnswer: boolean }[] = [];
  #isReleased = false;

  constructor() {
    // A preloaded module may have printed already, and what has the stream does not ask for it again.
    const isUsed = process.getActiveResourcesInfo().some((type) => type === 'PipeWrap' || type === 'TCPSocketWrap');
    for (const name of ['stdout', 'stderr'] as const) {
      onFirstUse(name, (stream) => this.#streams.push(new PrintedStream(stream, this.#onWritten)));
      if (isUsed) void process[name];
    }
  }

  /** Calls back when the kernel has what was printed until now: at once, unless something waits. */
  onceWritten(callback: () => void): void {
    if (this.#isWritten) return callback();
    this.#wait(callback, false);
  }

  /** Writes an answer when the kernel has what was printed before it, in the order of the calls. */
  hold(write: () => void): void {
    if (this.#isReleased || this.#isWritten) return write();
    this.#wait(write, true);
  }

  /** Nobody waits for answers any longer, so they no longer wait either. */
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

/** Calls back with the stream as soon as somebody asks for it. */
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

/** Counts what `process.stdout` or `process.stderr` was given and has handed on. */
class PrintedStream {
  readonly #stream: Writable;
  /** In the units of `writableLength`. */
  #written = 0;

  constructor(stream: Writable, onWritten: () => void) {
    this.#stream = stream;
    /**
     * A reader that has gone, a closed terminal or a full disk loses what is printed, and nothing else: writers are told
     * that it was written. An error would end the process, or leave them waiting for `drain`.
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

  /** What was printed until now. */
  get end(): number {
    return this.#written + this.#stream.writableLength;
  }

  hasWritten(end: number): boolean {
    return this.#written >= end || !this.isWaiting;
  }

  /** Corks save system calls; a task that forgets one would wait for ever. */
  uncork(): void {
    while (this.#stream.writableCorked > 0) this.#stream.uncork();
  }
}
